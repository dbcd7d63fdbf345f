//! Chinese orders that make a new picture.

use super::{any, around, some, thing};
use crate::route::intent::{
    Edit, Intent,
    english_numbers::{degrees, numbers, resize},
};

pub(super) fn edit(asked: &str) -> Option<Intent> {
    let op = edit_op(asked)?;
    Some(Intent::Edit { op })
}

/// The object of an order: behind the verb, or between 把 and the verb.
fn object(asked: &str, verbs: &[&str]) -> String {
    let Some((head, tail)) = around(asked, verbs) else { return String::new() };
    let before = head
        .split_once('把')
        .or(head.split_once('将'))
        .map(|(_, object)| thing(object))
        .filter(|name| !name.is_empty());
    let tail = tail.trim_start_matches(['出', '来', '下', '一']);
    before.unwrap_or_else(|| thing(tail))
}

fn edit_op(asked: &str) -> Option<Edit> {
    if any(asked, &["背景"]) && any(asked, &["去除", "去掉", "移除", "删除", "抠", "透明"]) && !asked.contains("模糊")
    {
        return Some(Edit::CutOut { of: None });
    }
    for (verbs, name) in [
        (&["模糊", "虚化"][..], "模糊"),
        (&["变亮", "调亮", "变暗", "调暗"][..], "调亮度"),
        (&["锐化"][..], "锐化"),
        (&["翻译"][..], "翻译"),
        (&["灰度", "黑白"][..], "转成黑白"),
        (&["生成一张", "生成图片"][..], "生成图片"),
        (&["擦除", "删除"][..], "删除物体"),
        (&["加水印", "添加文字"][..], "添加文字"),
    ] {
        let asks = any(asked, &["吗", "是不是", "是否", "什么"]);
        if any(asked, verbs) && !asks {
            return Some(Edit::Other { name: name.to_owned() });
        }
    }
    let crops = ["裁剪", "裁出", "剪裁", "截取", "裁切", "裁下"];
    if any(asked, &crops) {
        return Some(Edit::Crop { of: object(asked, &crops) });
    }
    let cuts = ["抠", "分割"];
    if any(asked, &cuts) {
        return Some(Edit::CutOut { of: some(object(asked, &cuts).trim_start_matches('图').to_owned()) });
    }
    let marks = ["标出", "标记", "标注", "圈出", "框出", "画出", "圈起", "框起"];
    if any(asked, &marks) {
        let of = object(asked, &marks);
        return Some(Edit::Mark { of: some(of).filter(|of| !of.contains("所有物体") && of != "物体") });
    }
    if any(asked, &["旋转", "转动", "向左转", "向右转", "左转", "右转", "转90", "转180"]) {
        return Some(Edit::Rotate { degrees: degrees(asked)? });
    }
    if any(asked, &["翻转", "镜像"]) {
        return Some(Edit::Flip { vertical: any(asked, &["垂直", "上下"]) });
    }
    let scales = ["缩小", "放大", "缩放", "调整大小", "改成", "调整到", "调整为"];
    if any(asked, &scales) {
        let all = numbers(asked);
        let pixels = any(asked, &["像素", "宽", "高"]);
        let first = all.first().copied();
        let small = asked.contains("缩小");
        let side = |number: f64| (number >= 1.0).then_some(number as u32);
        if pixels || all.len() >= 2 {
            if let [width, height, ..] = all.as_slice() {
                return Some(Edit::Resize { width: side(*width), height: side(*height), scale: None });
            }
            let tall = asked.contains('高') && !asked.contains('宽');
            let side = first.and_then(side)?;
            return Some(Edit::Resize { width: (!tall).then_some(side), height: tall.then_some(side), scale: None });
        }
        let factor = match first {
            Some(number) if asked.contains('%') || asked.contains("百分之") => number / 100.0,
            Some(number) if small && number > 1.0 => 1.0 / number,
            Some(number) => number,
            None if asked.contains("一半") || small => 0.5,
            None if any(asked, &["两倍", "一倍", "二倍"]) || asked.contains("放大") => 2.0,
            None => return resize("resize", asked),
        };
        return Some(Edit::Resize { width: None, height: None, scale: Some(factor) });
    }
    None
}
