//! Phrasings and what they ask for.

use super::*;

fn count(label: &str) -> Intent {
    Intent::Count { label: label.into() }
}

fn presence(label: &str) -> Intent {
    Intent::Presence { label: label.into() }
}

fn read(of: Option<&str>) -> Intent {
    Intent::Read { of: of.map(str::to_owned) }
}

fn field(field: Field) -> Intent {
    Intent::ReadField { field }
}

fn position(a: &str, b: Option<&str>, relation: Option<&str>) -> Intent {
    Intent::Position { a: a.into(), b: b.map(str::to_owned), relation: relation.map(str::to_owned) }
}

fn size(of: Option<&str>) -> Intent {
    Intent::Size { of: of.map(str::to_owned) }
}

fn color(of: Option<&str>, is: Option<&str>) -> Intent {
    Intent::Color { of: of.map(str::to_owned), is: is.map(str::to_owned) }
}

fn compare(a: &str, b: &str, by: By) -> Intent {
    Intent::Compare { a: a.into(), b: b.into(), by }
}

fn edit(op: Edit) -> Intent {
    Intent::Edit { op }
}

fn scaled(scale: f64) -> Intent {
    edit(Edit::Resize { width: None, height: None, scale: Some(scale) })
}

fn check(cases: &[(&str, Intent)]) {
    let wrong: Vec<String> = cases
        .iter()
        .filter(|(task, wanted)| intent(task) != *wanted)
        .map(|(task, wanted)| format!("{task}\n  is     {:?}\n  wanted {wanted:?}", intent(task)))
        .collect();
    assert!(wrong.is_empty(), "{} of {} are wrong:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn counting_and_presence() {
    check(&[
        ("How many cups are there?", count("cups")),
        ("How many red cups do you see in the picture?", count("red cups")),
        ("how many cups and spoons are there", count("cups and spoons")),
        ("How many cups of coffee are on the table?", count("cups of coffee")),
        ("Count the people", count("people")),
        ("Please count all dogs in img-2", count("dogs")),
        ("What is the number of birds in the tree?", count("birds")),
        ("Tell me how many dogs there are", count("dogs")),
        ("Could you tell me the total number of cars?", count("cars")),
        ("How many signs?", count("signs")),
        ("How many objects are there?", count("objects")),
        ("count them", count("them")),
        ("How many lines of text are there?", count("lines of text")),
        ("Is there a spoon?", presence("spoon")),
        ("is there any dog in the picture", presence("dog")),
        ("Are there any people?", presence("people")),
        ("Can you see a cat?", presence("cat")),
        ("Does the image contain a bicycle?", presence("bicycle")),
        ("Do you see a cat or a dog?", presence("cat or a dog")),
        ("Is there any text?", presence("text")),
        ("Is a dog in the picture?", presence("dog")),
        ("Check if there is a fire hydrant", presence("fire hydrant")),
        ("Any dogs?", presence("dogs")),
        ("Is anybody in the picture?", presence("anybody")),
        ("Are there a lot of people?", presence("people")),
        ("图里有几只猫？", count("猫")),
        ("图片中有多少个人？", count("人")),
        ("数一数杯子", count("杯子")),
        ("有几辆车？", count("车")),
        ("猫有几只？", count("猫")),
        ("有没有狗？", presence("狗")),
        ("图里有狗吗？", presence("狗")),
        ("这张图片里有没有勺子？", presence("勺子")),
    ]);
}

#[test]
fn text_and_fields() {
    check(&[
        ("What does the sign say?", read(None)),
        ("Read the text", read(None)),
        ("What is written on the bus?", read(Some("bus"))),
        ("What text is in the image?", read(None)),
        ("What number is on the motorcycle?", read(Some("motorcycle"))),
        ("Transcribe everything", read(None)),
        ("What is the license plate?", read(None)),
        ("What does the sentence on the top say?", read(None)),
        ("What is the total amount on this receipt?", field(Field::Total)),
        ("What is the date on this receipt?", field(Field::Date)),
        ("Which company issued this receipt?", field(Field::Company)),
        ("the date on this receipt?", field(Field::Date)),
        ("Who issued the invoice?", field(Field::Company)),
        ("When was this receipt issued?", field(Field::Date)),
        ("How much did I pay?", field(Field::Total)),
        ("How much does it cost in total?", field(Field::Total)),
        ("How much change was given?", field(Field::Change)),
        ("How much is the tax?", field(Field::Tax)),
        ("What is the phone number?", field(Field::Phone)),
        ("What's the email address of the store?", field(Field::Email)),
        ("What is the invoice number?", field(Field::InvoiceNumber)),
        ("What is the address?", field(Field::Address)),
        ("What is the subtotal?", field(Field::Subtotal)),
        ("How much does the chopping board cost?", field(Field::Price("chopping board".into()))),
        ("What is the price of the clay?", field(Field::Price("clay".into()))),
        ("Who is the cashier?", field(Field::Named("cashier".into()))),
        ("What is the table number?", field(Field::Named("table number".into()))),
        ("牌子上写着什么？", read(None)),
        ("读出图里的文字", read(None)),
        ("公交车上写着什么？", read(Some("公交车"))),
        ("总金额是多少？", field(Field::Total)),
        ("日期是哪天？", field(Field::Date)),
        ("一共多少钱？", field(Field::Total)),
        ("电话号码是多少？", field(Field::Phone)),
        ("这是哪家公司开的发票？", field(Field::Company)),
    ]);
}

#[test]
fn places_sizes_colors_and_comparisons() {
    check(&[
        ("Where is the dog?", position("dog", None, None)),
        ("Where are the cups?", position("cups", None, None)),
        ("Is the cup left of the spoon?", position("cup", Some("spoon"), Some("left"))),
        ("Is the dog to the right of the cat?", position("dog", Some("cat"), Some("right"))),
        ("Is the kite above the car?", position("kite", Some("car"), Some("above"))),
        ("What is the distance between the cup and the spoon?", position("cup", Some("spoon"), Some("distance"))),
        ("How far is the cup from the spoon?", position("cup", Some("spoon"), Some("distance"))),
        ("What is left of the cup?", position("", Some("cup"), Some("left"))),
        ("Which animal is next to the car?", position("animal", Some("car"), Some("near"))),
        ("Find the dog", position("dog", None, None)),
        ("Is the dog on the left?", position("dog", None, Some("left"))),
        ("How big is the dog?", size(Some("dog"))),
        ("How many pixels wide is the bus?", size(Some("bus"))),
        ("What is the size of the image?", size(None)),
        ("How large is the picture?", size(None)),
        ("What is the width of the left car?", size(Some("left car"))),
        ("What color is the car?", color(Some("car"), None)),
        ("What colour are the birds?", color(Some("birds"), None)),
        ("Which colors dominate the picture?", color(None, None)),
        ("Is the car red?", color(Some("car"), Some("red"))),
        ("What is the color of the left dog?", color(Some("left dog"), None)),
        ("Which is larger, the cat or the dog?", compare("cat", "dog", By::Area)),
        ("Is the cat bigger than the dog?", compare("cat", "dog", By::Area)),
        ("Are there more dogs than cats?", compare("dogs", "cats", By::Count)),
        ("How many more cups than spoons are there?", compare("cups", "spoons", By::Count)),
        ("Who is taller, the man or the dog?", compare("man", "dog", By::Height)),
        (
            "What is the difference between the number of cherry tomatoes and the number of sliced steaks?",
            compare("cherry tomatoes", "sliced steaks", By::Count),
        ),
        ("狗在哪里？", position("狗", None, None)),
        ("杯子在勺子左边吗？", position("杯子", Some("勺子"), Some("left"))),
        ("狗有多大？", size(Some("狗"))),
        ("图片的尺寸是多少？", size(None)),
        ("车是什么颜色？", color(Some("车"), None)),
        ("左边的杯子是什么颜色的？", color(Some("左边的杯子"), None)),
        ("车是红色的吗？", color(Some("车"), Some("red"))),
        ("猫和狗哪个大？", compare("猫", "狗", By::Area)),
    ]);
}

#[test]
fn edits() {
    check(&[
        ("Crop the left cup", edit(Edit::Crop { of: "left cup".into() })),
        ("Please crop the second person from the left.", edit(Edit::Crop { of: "second person".into() })),
        ("cut out the cat", edit(Edit::CutOut { of: Some("cat".into()) })),
        ("Remove the background", edit(Edit::CutOut { of: None })),
        ("Cut the dog out of the picture", edit(Edit::CutOut { of: Some("dog".into()) })),
        ("Mark all people", edit(Edit::Mark { of: Some("people".into()) })),
        ("Draw a box around the dog", edit(Edit::Mark { of: Some("dog".into()) })),
        ("Draw bounding boxes around everything", edit(Edit::Mark { of: None })),
        ("Highlight the cars and the buses", edit(Edit::Mark { of: Some("cars and the buses".into()) })),
        ("Rotate by 90 degrees", edit(Edit::Rotate { degrees: 90.0 })),
        ("rotate it 45° to the left", edit(Edit::Rotate { degrees: -45.0 })),
        ("Turn the picture upside down", edit(Edit::Rotate { degrees: 180.0 })),
        ("Turn the picture to the right", edit(Edit::Rotate { degrees: 90.0 })),
        ("Flip the image horizontally", edit(Edit::Flip { vertical: false })),
        ("mirror it vertically", edit(Edit::Flip { vertical: true })),
        ("Make it half as large", scaled(0.5)),
        ("Make it twice as big", scaled(2.0)),
        ("Resize it to 50%", scaled(0.5)),
        ("Scale the image by 0.25", scaled(0.25)),
        ("shrink it", scaled(0.5)),
        ("Make it 640 pixels wide", edit(Edit::Resize { width: Some(640), height: None, scale: None })),
        ("Resize to 640x480", edit(Edit::Resize { width: Some(640), height: Some(480), scale: None })),
        ("resize the picture to a width of 300", edit(Edit::Resize { width: Some(300), height: None, scale: None })),
        ("Blur the faces", edit(Edit::Other { name: "blur".into() })),
        ("Translate the text into French", edit(Edit::Other { name: "translate".into() })),
        ("Generate a picture of a hot pot", edit(Edit::Other { name: "generate".into() })),
        ("把猫抠出来", edit(Edit::CutOut { of: Some("猫".into()) })),
        ("裁剪左边的杯子", edit(Edit::Crop { of: "左边的杯子".into() })),
        ("把图片旋转90度", edit(Edit::Rotate { degrees: 90.0 })),
        ("标出所有的人", edit(Edit::Mark { of: Some("人".into()) })),
        ("把图片缩小一半", scaled(0.5)),
        ("去掉背景", edit(Edit::CutOut { of: None })),
        ("水平翻转图片", edit(Edit::Flip { vertical: false })),
        ("把背景模糊", edit(Edit::Other { name: "模糊".into() })),
    ]);
}

#[test]
fn calculations_descriptions_and_talk() {
    check(&[
        ("What is 17.5 percent of 240?", Intent::Compute),
        ("Calculate 12 * 7", Intent::Compute),
        ("What is the sum of the prices?", Intent::Compute),
        ("What is the average?", Intent::Compute),
        ("What is 10% of the total?", Intent::Compute),
        ("What is the total divided by 4?", Intent::Compute),
        ("Which item is the cheapest?", Intent::Compute),
        ("How much more does the tea cost than the coffee?", Intent::Compute),
        ("Describe the picture", Intent::Describe),
        ("What do you see?", Intent::Describe),
        ("What is in the image?", Intent::Describe),
        ("What is this?", Intent::Describe),
        ("Caption this image", Intent::Describe),
        ("Hello!", Intent::Chat),
        ("thanks", Intent::Chat),
        ("Who are you?", Intent::Chat),
        ("Are the birds' legs touching the water?", position("birds legs", Some("water"), Some("overlap"))),
        ("How much should I pay if I buy two juices?", Intent::Compute),
        ("How many cans of beer can I drink a day?", Intent::Unknown),
        ("Tell me what you see", Intent::Describe),
        ("Why is the man sad?", Intent::Unknown),
        ("What is the breed of the dog in the middle?", Intent::Unknown),
        ("Is the girl smiling?", Intent::Unknown),
        ("描述一下这张图片", Intent::Describe),
        ("图里有什么？", Intent::Describe),
        ("你好", Intent::Chat),
        ("3加5等于多少？", Intent::Compute),
        ("价格的总和是多少？", Intent::Compute),
    ]);
}

#[test]
fn answers_are_checked_against_the_kind_of_question() {
    for (task, right, wrong) in [
        (
            "How many cups are there?",
            &["There are 2 cups.", "two", "None.", "There is a cup.", "I cannot tell.", "There are no cups."][..],
            &["Cups.", ""][..],
        ),
        ("Is there a spoon?", &["Yes.", "There is a spoon.", "I see a spoon in it", "no", "None"], &["Cups"]),
        ("What is the total?", &["33.90", "RM 5", "It is not visible."], &["The receipt is from a shop."]),
        ("What is the date?", &["25/12/2018", "May"], &["the total"]),
        ("What is the phone number?", &["07-355 2616", "There is no phone number."], &["The shop"]),
        ("What is the email address?", &["a@b.com"], &["www.b.com"]),
        ("What color is the car?", &["It is red.", "Dark-blue", "reddish"], &["It is a car."]),
        ("Is the car red?", &["Yes", "It is blue", "no"], &["A vehicle"]),
        ("Where is the dog?", &["On the left.", "img-1/dog-1", "at [1, 2, 3, 4]"], &["a dog"]),
        ("How far is the cup from the spoon?", &["222 pixels"], &["on the left"]),
        ("How big is the dog?", &["120 x 80 pixels"], &["It is big."]),
        ("Crop the cup", &["Done: img-2.", "I cannot crop it."], &["I cropped the cup."]),
        ("Which is larger, the cat or the dog?", &["The dog.", "img-1/dog-1", "the kitten"], &["the larger"]),
        ("What is 3 + 4?", &["7", "seven"], &["the sum"]),
        ("What does the sign say?", &["STOP"], &[""]),
        ("图里有几只猫？", &["有2只猫。", "两只", "没有猫"], &["猫"]),
        ("车是什么颜色？", &["红色", "It is red"], &["车"]),
    ] {
        let intent = intent(task);
        for answer in right {
            assert!(intent.satisfied_by(answer), "{task} {intent:?}: {answer}");
        }
        for answer in wrong {
            assert!(!intent.satisfied_by(answer), "{task} {intent:?}: {answer}");
        }
    }
}

proptest::proptest! {
    #[test]
    fn never_panics(part in ".{0,100}", words in "(how many|where is|crop|the|left|of|cup|and|,| |3|%|total|把|几|个|resize|x){1,12}") {
        for text in [part, words] {
            let _ = intent(&text).satisfied_by(&text);
        }
    }
}
