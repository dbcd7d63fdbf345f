//! Chinese requests.

use super::{By, Intent};
use crate::route::{
    arithmetic,
    fields::Field,
    words::{CHINESE_COLORS, CHINESE_REQUESTS},
};

mod edit;

/// Whether a request in mixed words is a Chinese one.
pub(super) fn knows(asked: &str) -> bool {
    CHINESE_REQUESTS.iter().any(|word| asked.contains(word))
}

pub(super) fn intent(asked: &str) -> Intent {
    let rules: [fn(&str) -> Option<Intent>; 12] =
        [chat, edit::edit, compute, compare, position, count, color, size, field, read, presence, describe];
    rules.iter().find_map(|rule| rule(asked)).unwrap_or(Intent::Unknown)
}

pub(super) fn any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

fn chat(asked: &str) -> Option<Intent> {
    let short = asked.chars().count() <= 8;
    (short && any(asked, &["你好", "您好", "谢谢", "再见", "你是谁", "你能做什么", "你会什么", "早上好", "晚上好"]))
        .then_some(Intent::Chat)
}

/// What names nothing: particles, measure words, the picture itself.
const EMPTY: [&str; 64] = [
    "这张图片里",
    "这张图片中",
    "这张图里",
    "这张图中",
    "图片里面",
    "图片里",
    "图片中",
    "图里面",
    "图里",
    "图中",
    "照片里",
    "照片中",
    "画面中",
    "画面里",
    "图片上",
    "图上",
    "这张图片",
    "这张图",
    "图片",
    "第一张",
    "第二张",
    "一共",
    "总共",
    "请问",
    "请",
    "里面",
    "里",
    "中有",
    "的",
    "有",
    "是",
    "一下",
    "所有",
    "全部",
    "这个",
    "那个",
    "这些",
    "那些",
    "一个",
    "一只",
    "一张",
    "一辆",
    "一把",
    "一条",
    "个",
    "只",
    "辆",
    "条",
    "张",
    "位",
    "名",
    "头",
    "匹",
    "把",
    "棵",
    "本",
    "台",
    "架",
    "艘",
    "件",
    "块",
    "根",
    "和",
    "在",
];

/// The name of a thing: what is left without particles.
pub(super) fn thing(text: &str) -> String {
    let mut text = text.trim_matches(|c: char| !c.is_alphanumeric() || c.is_whitespace()).to_owned();
    loop {
        let shorter = EMPTY.iter().find_map(|word| {
            let name = |rest: &str| rest.trim().to_owned();
            let kept = text.strip_prefix(word).filter(|rest| !rest.is_empty());
            kept.map(name).or_else(|| {
                text.strip_suffix(word)
                    .filter(|rest| !rest.is_empty() && !matches!(*word, "把" | "张" | "头" | "本" | "和"))
                    .map(name)
            })
        });
        match shorter {
            Some(shorter) => text = shorter,
            None => break,
        }
    }
    let whole = ["图片", "图", "照片", "画面", "它", "这", "这是", "物体", "主体", "东西"].contains(&text.as_str())
        || EMPTY.contains(&text.as_str());
    if whole { String::new() } else { text }
}

pub(super) fn some(name: String) -> Option<String> {
    Some(name).filter(|name| !name.is_empty())
}

/// What stands before and after the first of some words.
pub(super) fn around<'a>(text: &'a str, words: &[&str]) -> Option<(&'a str, &'a str)> {
    words.iter().find_map(|word| text.split_once(word))
}

fn compute(asked: &str) -> Option<Intent> {
    let over = any(asked, &["总和", "求和", "平均", "之和", "加起来", "最贵", "最便宜", "差多少钱", "相差多少"]);
    let plain = asked
        .replace("乘以", "*")
        .replace('乘', "*")
        .replace("除以", "/")
        .replace("加上", "+")
        .replace('加', "+")
        .replace("减去", "-")
        .replace('减', "-")
        .replace("等于", " ")
        .replace("计算", " ")
        .replace("是多少", " ")
        .replace("多少", " ")
        .replace('的', " of ");
    let plain = plain.trim_matches(|c: char| !c.is_ascii_digit() && !matches!(c, '(' | ')' | '%'));
    let expression = plain.is_ascii() && arithmetic::expression(plain, &|_| None).is_some();
    (over || expression).then_some(Intent::Compute)
}

fn compare(asked: &str) -> Option<Intent> {
    let by = if any(asked, &["哪个高", "更高", "谁高", "哪个更高"]) {
        By::Height
    } else if any(asked, &["哪个宽", "更宽"]) {
        By::Width
    } else if any(
        asked,
        &["哪个大", "哪个更大", "更大", "哪个小", "更小", "谁大", "谁更大", "哪只大", "哪只更大", "比较"],
    ) {
        By::Area
    } else if any(asked, &["更多", "哪个多", "比较多", "更少", "多还是", "还是"]) && any(asked, &["多", "少"])
    {
        By::Count
    } else {
        return None;
    };
    let (a, rest) = around(asked, &["和", "与", "跟", "比", "还是"])?;
    let b = around(rest, &["哪", "谁", "更", "大", "小", "多", "少", "高", "宽"]).map_or(rest, |(b, _)| b);
    let a = a.trim_start_matches("比较");
    let a = thing(a.trim_end_matches(['多', '少']));
    let b = thing(b);
    (!a.is_empty() && !b.is_empty()).then_some(Intent::Compare { a, b, by })
}

fn position(asked: &str) -> Option<Intent> {
    let made = |a: &str, b: Option<&str>, relation: Option<&str>| {
        Some(Intent::Position {
            a: thing(a),
            b: b.map(thing).filter(|b| !b.is_empty()),
            relation: relation.map(str::to_owned),
        })
    };
    if let Some((head, _)) = around(asked, &["多远", "距离"]) {
        let (a, b) = around(head, &["离", "和", "与", "到"])?;
        let b = b.trim_end_matches(['有', '的', '之', '间']);
        return made(a, Some(b), Some("distance"));
    }
    for (words, relation) in [
        (["左边", "左侧", "左面"], "left"),
        (["右边", "右侧", "右面"], "right"),
        (["上面", "上方", "顶上"], "above"),
        (["下面", "下方", "底下"], "below"),
        (["里面", "内部", "之内"], "inside"),
        (["旁边", "附近", "边上"], "near"),
    ] {
        let Some((head, tail)) = around(asked, &words) else { continue };
        // "杯子在勺子左边吗" compares two; "左边的杯子" only names one.
        if let Some((a, b)) = head.split_once('在').filter(|(a, b)| !a.is_empty() && !b.is_empty()) {
            let a = a.trim_end_matches("是不").trim_end_matches("是否").trim_end_matches('是');
            return made(a, Some(b), Some(relation));
        }
        if any(tail, &["是什么", "有什么"]) && !thing(head).is_empty() && !any(asked, &["颜色", "字", "写"]) {
            return made("", Some(head), Some(relation));
        }
    }
    let (head, tail) = around(asked, &["在哪里", "在哪儿", "在哪", "在什么位置", "的位置", "在什么地方", "在图片的哪"])
        .or_else(|| {
            let rest = asked.strip_prefix("找出").or(asked.strip_prefix("找到")).or(asked.strip_prefix("检测"))?;
            Field::mentioned(rest).is_none().then_some((rest, ""))
        })?;
    let _ = tail;
    made(head, None, None)
}

fn count(asked: &str) -> Option<Intent> {
    const WORDS: [&str; 6] = ["有多少", "有几", "多少", "几", "统计", "数一数"];
    if asked.contains("是多少") && !any(asked, &["数量", "个数", "数目"]) {
        return None;
    }
    if any(asked, &["多少钱", "几点", "多少像素", "几号", "几月"])
        || !(any(asked, &WORDS) || any(asked, &["数数", "数出", "的数量", "的个数"]))
    {
        return None;
    }
    if let Some((head, _)) = around(asked, &["的数量", "的个数"]) {
        return Some(Intent::Count { label: thing(head.trim_start_matches("统计")) });
    }
    let (head, tail) = around(asked, &["数一数", "数数", "数出", "统计", "有多少", "有几", "多少", "几"])?;
    let tail = tail
        .trim_start_matches("有多少")
        .trim_start_matches("有几")
        .trim_start_matches("多少")
        .trim_start_matches('几');
    let after = thing(tail.trim_end_matches(['呢', '？', '吗', '啊']));
    // "猫有几只" names the thing first.
    Some(Intent::Count {
        label: if after.is_empty() || MEASURES.contains(&after.as_str()) { thing(head) } else { after },
    })
}

const MEASURES: [&str; 16] =
    ["个", "只", "辆", "条", "张", "位", "名", "头", "匹", "把", "棵", "本", "台", "架", "艘", "件"];

fn color(asked: &str) -> Option<Intent> {
    if let Some((head, tail)) = around(asked, &["颜色"]) {
        let head = head.trim_end_matches(['么', '什', '是', '的', '哪', '些', '种', '主', '要']);
        let name = thing(head);
        let name = if name.is_empty() {
            thing(tail.trim_start_matches(['是', '有', '的']).trim_end_matches("什么"))
        } else {
            name
        };
        return Some(Intent::Color {
            of: some(name).filter(|name| !any(name, &["哪些", "什么", "主要"])), is: None
        });
    }
    let (english, name) = CHINESE_COLORS.iter().find(|(_, name)| asked.contains(name))?;
    let (head, tail) = asked.split_once(name)?;
    let yes_no = any(tail, &["吗", "的吗"]) || any(head, &["是不是", "是否"]);
    let subject = head.trim_end_matches(['是', '不', '否']);
    (yes_no && !thing(subject).is_empty())
        .then(|| Intent::Color { of: some(thing(subject)), is: Some((*english).to_owned()) })
}

fn size(asked: &str) -> Option<Intent> {
    let (head, _) = around(
        asked,
        &[
            "有多大",
            "多大",
            "有多高",
            "多高",
            "有多宽",
            "多宽",
            "尺寸",
            "分辨率",
            "多少像素",
            "大小",
            "宽度",
            "高度",
            "面积",
        ],
    )?;
    Some(Intent::Size { of: some(thing(head)) })
}

fn field(asked: &str) -> Option<Intent> {
    if let Some((head, _)) = around(asked, &["多少钱", "的价格", "的单价"]) {
        let name = thing(head.trim_start_matches("一共").trim_start_matches("总共"));
        let whole = name.is_empty() || any(asked, &["一共", "总共"]) || any(&name, &["小票", "发票", "收据", "账单"]);
        return Some(Intent::ReadField { field: if whole { Field::Total } else { Field::Price(name) } });
    }
    Field::mentioned(asked).map(|field| Intent::ReadField { field })
}

fn read(asked: &str) -> Option<Intent> {
    let asks = any(
        asked,
        &[
            "写着什么",
            "写了什么",
            "写的什么",
            "写的是什么",
            "写",
            "读",
            "识别",
            "什么字",
            "文字",
            "文本",
            "字样",
            "提取",
            "说了什么",
            "内容是什么",
        ],
    );
    asks.then(|| {
        let head =
            around(asked, &["上写", "上的字", "上的文字", "上有什么字", "上面写", "上是什么字"]).map(|(head, _)| head);
        let name = head.map(|head| {
            thing(
                head.trim_start_matches("读出")
                    .trim_start_matches("读一下")
                    .trim_start_matches('读')
                    .trim_start_matches("识别"),
            )
        });
        let of = name
            .and_then(some)
            .filter(|name| !any(name, &["图", "牌", "标志", "标识", "小票", "发票", "收据", "纸", "屏幕", "黑板"]));
        Intent::Read { of }
    })
}

fn presence(asked: &str) -> Option<Intent> {
    let tail = around(asked, &["有没有", "是否有", "是不是有"]).map(|(head, tail)| (head, tail.trim_end_matches('吗')));
    let ends = || asked.strip_suffix('吗').and_then(|rest| rest.split_once('有'));
    let (head, tail) = tail.or_else(ends)?;
    let name = thing(tail);
    let label = if name.is_empty() { thing(head) } else { name };
    Some(Intent::Presence {
        label: if any(&label, &["文字", "字"]) && label.chars().count() <= 2 { "text".into() } else { label },
    })
}

fn describe(asked: &str) -> Option<Intent> {
    any(
        asked,
        &[
            "描述",
            "是什么",
            "有什么",
            "看到什么",
            "看到了什么",
            "介绍",
            "说明",
            "总结",
            "概括",
            "里有哪些",
            "讲了什么",
            "看看",
            "列出",
            "解释",
            "展示了什么",
            "显示什么",
        ],
    )
    .then_some(Intent::Describe)
}
