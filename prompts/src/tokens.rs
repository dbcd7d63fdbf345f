//! How many tokens a text is, without the model's tokenizer.

use super::{ChatRequest, Message};

/// A cautious guess at the tokens of a text: rather too many than too few, so that what is budgeted with it fits. Within
/// what byte-pair tokenizers of some 100,000 entries do: about four letters a token, each digit and nearly each sign on
/// its own, at most one and a half tokens a Chinese, Japanese or Korean character.
pub fn estimate_tokens(text: &str) -> usize {
    // In hundredths of a token.
    let (mut sum, mut letters, mut capitals, mut after_blank) = (0_usize, 0_usize, 0_usize, false);
    for character in text.chars().chain([' ']) {
        if character.is_ascii_alphabetic() {
            letters += 1;
            capitals += usize::from(character.is_ascii_uppercase());
            continue;
        }
        after_blank &= letters == 0;
        sum += word(std::mem::take(&mut letters), std::mem::take(&mut capitals));
        sum += match character {
            ' ' => 5,
            '\n' | '\t' | '\r' => 50,
            // A blank belongs to the word or sign after it, but stands alone before a digit.
            '0'..='9' if after_blank => 180,
            '0'..='9' => 100,
            character if character.is_ascii() => 70,
            character if is_ideographic(character) => 150,
            character => 50 * character.len_utf8(),
        };
        after_blank = character == ' ';
    }
    sum.saturating_sub(5).div_ceil(100)
}

/// A cautious guess at the tokens of a conversation, with what a chat template puts around each message and call.
pub fn estimate_messages(messages: &[Message]) -> usize {
    let one = |message: &Message| {
        let calls = message.tool_calls.iter().map(|call| {
            let written = estimate_tokens(&call.name) + estimate_tokens(&call.arguments);
            written + AROUND_CALL
        });
        estimate_tokens(&message.content) + AROUND_MESSAGE + calls.sum::<usize>()
    };
    // The template ends with the beginning of the reply.
    messages.iter().map(one).sum::<usize>() + AROUND_MESSAGE / 2
}

/// About how many tokens a request is, its tool declarations included. A schema is not part of the prompt.
pub(crate) fn estimate_request(request: &ChatRequest) -> usize {
    let tools = request.tools.iter().map(|tool| {
        estimate_tokens(&tool.name)
            + estimate_tokens(&tool.description)
            + estimate_tokens(&tool.parameters.to_string())
            + 12
    });
    estimate_messages(&request.messages) + tools.sum::<usize>()
}

/// Markers and role of a message, in tokens.
const AROUND_MESSAGE: usize = 6;
/// Markers and keys of a tool call, in tokens.
const AROUND_CALL: usize = 18;

/// A run of letters: common words are one token up to some eight letters, rare ones are cut every three or four, and
/// words in capitals are rare.
fn word(letters: usize, capitals: usize) -> usize {
    match letters {
        0 => 0,
        _ if capitals > 1 => 70 + letters * 30,
        1..=4 => 100,
        5..=8 => 125,
        more => more * 28,
    }
}

/// Chinese, Japanese, Korean.
fn is_ideographic(character: char) -> bool {
    matches!(character, '\u{1100}'..='\u{11ff}' | '\u{2e80}'..='\u{9fff}' | '\u{ac00}'..='\u{d7af}'
        | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ToolCall;

    /// Counts of the tokenizer of Qwen2.5, asked of llama-server.
    const COUNTED: [(&str, usize); 11] = [
        (
            "The photograph shows a narrow street in the old town shortly after rain. Two people stand beneath a striped awning and look towards the tram that has just stopped at the corner, while a cyclist in a yellow jacket waits for the traffic light to change. Above the entrance of the bakery hangs a wooden sign whose letters are almost unreadable; somebody has leaned a ladder against the wall next to it. Nobody seems to be in a hurry, and the reflections on the wet cobblestones make the whole scene look brighter than it probably was.",
            107,
        ),
        (
            "You answer questions about images that you cannot see. Use the tools to find out what is in them, one call at a time, and rely only on what they report. When you know the answer, give it in one short sentence. Never guess a number: count regions, measure them, or read the text that names it. If a tool fails, read why, correct the arguments and call it again.",
            83,
        ),
        (
            r#"{"objects":[{"handle":"img-1/person-1","label":"person","score":0.91,"box":[102.5,88.0,311.2,640.0]},{"handle":"img-1/person-2","label":"person","score":0.87,"box":[340.1,95.7,512.9,633.4]},{"handle":"img-1/traffic light-1","label":"traffic light","score":0.66,"box":[15.0,4.2,61.8,120.5]}],"count":3,"image":{"handle":"img-1","width":1280,"height":853,"format":"jpeg"},"truncated":false,"next":null}"#,
            179,
        ),
        (
            r#"{
  "type": "object",
  "properties": {
    "image": {
      "description": "image handle, such as img-1; left out: the first image",
      "type": "string"
    },
    "labels": {
      "description": "what to look for, such as cup and spoon; left out: everything",
      "type": "array",
      "items": { "type": "string" }
    },
    "min_score": { "type": "number", "minimum": 0.0, "maximum": 1.0 }
  },
  "required": ["labels"],
  "additionalProperties": false
}"#,
            140,
        ),
        (
            "这张照片拍摄于雨后不久的老城区，一条狭窄的街道上站着两个人，他们在条纹遮阳篷下望着刚刚停在拐角处的电车。一位身穿黄色夹克的骑车人正在等红绿灯变换。面包店门口的上方挂着一块木制招牌，上面的字母几乎无法辨认，旁边的墙上靠着一架梯子。",
            78,
        ),
        (
            "写真には、雨上がりの古い町の狭い通りが写っています。二人の人物が縞模様の日よけの下に立ち、角に止まったばかりの路面電車を見ています。黄色い上着を着た自転車の人は信号が変わるのを待っています。",
            67,
        ),
        (
            "Das Foto zeigt kurz nach dem Regen eine enge Straße in der Altstadt. Zwei Menschen stehen unter einer gestreiften Markise und schauen zur Straßenbahn, die gerade an der Ecke gehalten hat, während ein Radfahrer in einer gelben Jacke darauf wartet, dass die Ampel umschaltet. Über dem Eingang der Bäckerei hängt ein hölzernes Schild, dessen Buchstaben kaum noch lesbar sind.",
            104,
        ),
        (
            "REWE MARKT 0231-4457789
2 x 1,29 BUTTER 2,58
MILCH 3,5% 1,19
BROT DINKEL 750G 3,49
SUMME EUR 7,26
BAR 10,00 RUECKGELD 2,74
17.08.2026 15:57:12 BON 004512 KASSE 3
UST-ID DE812706034",
            137,
        ),
        (
            r#"img-1/line-1 "ROUTE 42" box [102, 88, 311, 140] score 0.98; img-1/line-2 "Zentrum - Hauptbahnhof" box [99, 150, 420, 188] score 0.95; img-1/bus-1 box [100, 80, 420, 330] score 0.9; img-1/person-1 box [20, 200, 90, 420] score 0.88; img-1/person-2 box [450, 190, 520, 430] score 0.71"#,
            181,
        ),
        (
            "Nice 👍 two cups ☕☕ and a cake 🎂 — “très bien”, he said… naïve café façade №5 ½ 20°C €9,99 ✓ → ★",
            44,
        ),
        (
            "def letterbox(image, size=640):
    height, width = image.shape[:2]
    scale = min(size / height, size / width)
    resized = cv2.resize(image, (round(width * scale), round(height * scale)))
    top = (size - resized.shape[0]) // 2
    return cv2.copyMakeBorder(resized, top, size - resized.shape[0] - top, 0, 0, cv2.BORDER_CONSTANT, value=(114, 114, 114))",
            117,
        ),
    ];

    #[test]
    fn hardly_under_and_not_far_over() {
        for (text, counted) in COUNTED {
            let (estimate, begin) = (estimate_tokens(text), text.chars().take(30).collect::<String>());
            assert!(estimate * 10 >= counted * 9, "{begin}: {estimate} for {counted}");
            // Only Chinese and Japanese are far over: other tokenizers take twice as many tokens as this one there.
            let most = if is_ideographic(text.chars().next().unwrap_or_default()) { 25 } else { 13 };
            assert!(estimate * 10 <= counted * most, "{begin}: {estimate} for {counted}");
        }
    }

    /// Counts of the template and tokenizer of Qwen2.5.
    #[test]
    fn conversations() {
        let call = ToolCall { id: "c".into(), name: "detect".into(), arguments: "{\"labels\":[\"cup\"]}".into() };
        let messages = [
            Message::system("You see."),
            Message::user("How many cups are there?"),
            Message::calling("", vec![call]),
            Message::tool("c", "2 cups"),
        ];
        for (length, counted) in [(1, 11), (2, 22), (4, 62)] {
            let estimate = estimate_messages(&messages[..length]);
            assert!((counted * 9..counted * 14).contains(&(estimate * 10)), "{length}: {estimate} for {counted}");
        }
    }

    #[test]
    fn short_texts() {
        assert_eq!((estimate_tokens(""), estimate_tokens("yes"), estimate_tokens("42")), (0, 1, 2));
        let long = "x".repeat(100_000);
        assert!((20_000..40_000).contains(&estimate_tokens(&long)));
    }
}
