//! Phrasings and their parts.

use super::parts;

#[test]
fn simple_tasks_have_one_part() {
    for task in [
        "How many cups are there?",
        "How many cups and spoons are there?",
        "Are there salt and pepper shakers on the table?",
        "Is the picture black and white?",
        "What is the distance between the cup and the spoon?",
        "What is between the cup and the spoon?",
        "Which is larger, the cat or the dog?",
        "Compare the dog and the cat",
        "Is the dog to the left and the cat to the right?",
        "Who is taller, John or Mary?",
        "Do John and Mary sit at the table?",
        "A and B are two cups, which one is larger?",
        "What are the left and right signs about?",
        "Crop the dog and the cat",
        "Is there a cup and a spoon?",
        "In the second picture, how many dogs are there?",
        "Please look at the picture and tell me how many dogs there are",
        "If I buy two apples and one pear, how much do I pay?",
        "What colors are the car and the bus?",
        "What does the sign with red and white letters say?",
        "How many people are sitting and standing?",
        "Make the picture 640 pixels wide, 480 pixels high",
        "Count the men, women and children",
        "Rotate it by 90 degrees to the right.",
        "What is 17.5 percent of 240?",
        "What is the sum of 3, 4 and 5?",
        "Describe the picture in one sentence",
        "Mark all cups, spoons and forks",
        "hello",
        "图里有几只猫？",
        "猫和狗哪个大？",
        "左边的杯子是什么颜色？",
        "图中有没有猫和狗？",
        "在第二张图里，有几个人？",
        "把猫抠出来",
        "再见",
    ] {
        assert_eq!(parts(task).len(), 1, "{task}: {:?}", parts(task));
    }
    assert_eq!(parts("  "), [""; 0]);
    assert_eq!(parts("hello"), ["hello"]);
}

#[test]
fn what_belongs_together_stays_together() {
    for (task, expected) in [
        ("Hello! How many cups are there? Thanks!", vec!["How many cups are there?"]),
        ("I have two dogs. How many are in the picture?", vec!["I have two dogs. How many are in the picture?"]),
        ("What is the total? Answer with a number.", vec!["What is the total? Answer with a number"]),
        ("你好！图里有几只猫？谢谢", vec!["图里有几只猫？"]),
        ("What is the price of item No. 5?", vec!["What is the price of item No. 5?"]),
    ] {
        assert_eq!(parts(task), expected, "{task}");
    }
}

#[test]
fn several_requests_are_several_parts() {
    for (task, expected) in [
        ("How many cups are there, and is there a spoon?", vec!["How many cups are there", "is there a spoon?"]),
        (
            "How many cups are there and what does the sign say?",
            vec!["How many cups are there", "what does the sign say?"],
        ),
        ("Count the cups, then crop the left one.", vec!["Count the cups", "crop the left one"]),
        ("Count the cups; read the sign", vec!["Count the cups", "read the sign"]),
        (
            "How many dogs? How many cats? What color is the car?",
            vec!["How many dogs?", "How many cats?", "What color is the car?"],
        ),
        ("Crop the dog and rotate it by 90 degrees", vec!["Crop the dog", "rotate it by 90 degrees"]),
        (
            "Crop the dog and then flip it and make it half as large",
            vec!["Crop the dog", "flip it", "make it half as large"],
        ),
        (
            "Tell me how many dogs there are and what the sign says",
            vec!["Tell me how many dogs there are", "what the sign says"],
        ),
        ("What is the total and the date on this receipt?", vec!["What is the total", "the date on this receipt?"]),
        ("What are the company, the date and the total?", vec!["What are the company", "the date", "the total?"]),
        ("Read the text. Also describe the picture.", vec!["Read the text", "describe the picture"]),
        ("1. Count the cups 2", vec!["Count the cups 2"]),
        ("1. Count the cups.\n2. Read the sign.", vec!["Count the cups", "Read the sign"]),
        ("- Count the cups\n- Read the sign", vec!["Count the cups", "Read the sign"]),
        ("Are there any people, and if so how many?", vec!["Are there any people", "if so how many?"]),
        ("Is there a dog, and if so, where is it?", vec!["Is there a dog", "if so, where is it?"]),
        (
            "Where is the dog, how big is it, and what color is it?",
            vec!["Where is the dog", "how big is it", "what color is it?"],
        ),
        (
            "Convert the photo to a realism style. Generate a title and place it on the right top of the image.",
            vec!["Convert the photo to a realism style", "Generate a title", "place it on the right top of the image"],
        ),
        (
            "Please tell me the start time of the match on Monday, and circle this match in the screenshot.",
            vec!["Please tell me the start time of the match on Monday", "circle this match in the screenshot"],
        ),
        (
            "Which day has the widest range? And what is the difference between the highest and the lowest?",
            vec!["Which day has the widest range?", "what is the difference between the highest and the lowest?"],
        ),
        (
            "Are there more dogs than cats and are there any birds?",
            vec!["Are there more dogs than cats", "are there any birds?"],
        ),
        ("How many people are there as well as what they hold?", vec!["How many people are there", "what they hold?"]),
        ("Detect the cars, count them, mark them", vec!["Detect the cars", "count them", "mark them"]),
        ("图里有几个杯子，有没有勺子？", vec!["图里有几个杯子", "有没有勺子？"]),
        ("图中有多少人和多少辆车？", vec!["图中有多少人", "多少辆车？"]),
        ("把猫抠出来，然后旋转90度", vec!["把猫抠出来", "旋转90度"]),
        ("读出招牌上的字，并描述图片", vec!["读出招牌上的字", "描述图片"]),
        ("有几只狗？猫在哪里？", vec!["有几只狗？", "猫在哪里？"]),
        ("总金额和日期是多少？", vec!["总金额", "日期是多少？"]),
        ("裁剪左边的杯子并旋转90度", vec!["裁剪左边的杯子", "旋转90度"]),
    ] {
        assert_eq!(parts(task), expected, "{task}");
    }
}

proptest::proptest! {
    #[test]
    fn never_panics_and_never_invents(task in ".{0,120}") {
        for part in parts(&task) {
            let words = part.split_whitespace().all(|word| task.contains(word));
            proptest::prop_assert!(words, "{}", part);
        }
    }
}
