//! Ten thousand mutated replies: no panic, no hang, always a stop reason.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use serde_json::json;

use super::{tests::*, *};
use crate::run::CallResult;

const SEEDS: [&str; 14] = [
    r#"{"thought":"look","tool":"detect","args":{"labels":["cup"]}}"#,
    r#"{"thought":"é 杯","answer":"There are 2 cups, \"PAY\" and img-1/cup-1."}"#,
    "Thought: look\nAction: detect\nAction Input: {\"labels\": [\"cup\"]}\nObservation: 5 cups\nAnswer: 5",
    "**Final Answer:** Two cups.",
    "<think>hm</think><tool_call>{\"name\":\"crop\",\"arguments\":{\"region\":[1,2,3,4]}}</tool_call>",
    "```json\n{'tool': 'detect', 'args': {'labels': ['cup'], 'all': True,},}\n```",
    r#"{"tool":"recall","args":{"result":"obs-1","from":99999999999}}"#,
    r#"{"tool":"show_tools","args":{"names":["x"]}} {"answer":"a"}"#,
    r#"{"answer":{"deep":[1,[2,[3]]]}}"#,
    "I cannot help with that request.",
    "我看到两个杯子，总金额是10.50元。",
    r#"[{"tool":"a"},{"tool":"b"}]"#,
    "{\"thought\":\"\\u00e9\\ud83d\\ude00\",\"answer\":\"1,234.50 and 12,5 and img-7/cup-9\"}",
    "Action: calculate[2 + 3]\nAction: calculate(2)\n答案：5",
];

/// A small generator of its own, so that a failure can be run again.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % bound.max(1) as u64) as usize
    }
}

fn mutated(random: &mut Random) -> String {
    let mut text = SEEDS[random.below(SEEDS.len())].to_owned();
    for _ in 0..random.below(4) {
        let at = text.floor_char_boundary(random.below(text.len() + 1));
        match random.below(7) {
            0 => text.truncate(at),
            1 => text = text[at..].to_owned(),
            2 => text.insert(at, ['{', '}', '"', '\'', '\\', '\n', '\0', '😀'][random.below(8)]),
            3 => text.insert_str(at, SEEDS[random.below(SEEDS.len())]),
            4 => text = text.replace(['"', ':'], ["", "'", "：", "::"][random.below(4)]),
            5 => text.insert_str(
                at,
                &["{\"a\":", "x", "[", "<data>", "Thought: "][random.below(5)].repeat(random.below(2000)),
            ),
            _ => text = text.to_uppercase(),
        }
    }
    text
}

#[test]
fn ten_thousand_mutated_replies() {
    let mut random = Random(0x0A26_5EED);
    let mut replies = 0;
    let begin = std::time::Instant::now();
    while replies < 10_000 {
        let protocol = [Protocol::Native, Protocol::Schema, Protocol::Text][random.below(3)];
        let setup = RunSetup { protocol, ..RunSetup::default() };
        let mut run =
            Run::new(run("Crop the cup and say what it costs.", Limits::default()).task, Limits::default(), setup);
        let mut asked = 0;
        let stop = loop {
            match run.next() {
                Action::Finish(reason) => break reason,
                Action::CallModel(_) => {
                    asked += 1;
                    replies += 1;
                    let text = mutated(&mut random);
                    let calls = random.below(3);
                    let tool_calls = (0..if protocol == Protocol::Native { calls } else { 0 }).map(|at| ToolCall {
                        id: format!("call_{at}"),
                        name: mutated(&mut random).chars().take(12).collect(),
                        arguments: mutated(&mut random),
                    });
                    let tool_calls = tool_calls.collect();
                    let usage = Usage { prompt_tokens: random.below(4000) as u64, completion_tokens: 9 };
                    run.feed(Input::Reply { text, tool_calls, usage, estimated: 1000, ms: 1.0 }).unwrap();
                }
                Action::CallTools(calls) => {
                    let answer = |call: &Call| {
                        run.host_call(call, &[]).unwrap_or_else(|| match &*call.tool {
                            "detect" => two_cups(),
                            "crop" => CallResult { made: vec!["img-2".into()], ..seen(json!({ "image": "img-2" })) },
                            _ => failed("there is no such tool", true),
                        })
                    };
                    let results = calls.iter().map(answer).collect();
                    let handles = vec!["img-1".into(), "img-2".into()];
                    run.feed(Input::Results { results, handles, offered: IndexMap::new() }).unwrap();
                }
            }
            assert!(asked <= 60, "a run of {asked} model calls");
        };
        assert!(stop != StopReason::Cancelled);
        let whole = serde_json::to_string(&run).unwrap();
        assert_eq!(serde_json::from_str::<Run>(&whole).unwrap(), run);
    }
    assert!(begin.elapsed() < std::time::Duration::from_mins(2), "{:?}", begin.elapsed());
}
