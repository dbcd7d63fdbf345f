//! What a prompt holds, and how it is made to fit.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use argus_prompts::{
    CallResult, ImageFact, Language, Prompt, PromptManager, PromptParts, Protocol, Purpose, TaskFacts, Templates,
};
use argus_tools::vision;
use serde_json::json;

use crate::run::{Input, Limits, Run, RunSetup};

fn manager() -> PromptManager {
    PromptManager::new(Templates::embedded().unwrap(), vision::toolbox().specs(), PromptParts::default()).unwrap()
}

fn run(text: &str, context: Option<u32>, protocol: Protocol) -> Run {
    let task = TaskFacts {
        text: text.into(),
        images: vec![ImageFact { handle: "img-1".into(), width: 640, height: 480 }],
        cards: vec![(0..60).map(|n| format!("line {n} of a long card")).collect::<Vec<_>>().join("\n")],
        handles: vec!["img-1".into()],
        ..TaskFacts::default()
    };
    Run::new(task, Limits::default(), RunSetup { protocol, context_tokens: context })
}

/// The message that holds the task, behind the examples.
fn task_message(prompt: &Prompt) -> String {
    let messages = &prompt.request.messages;
    let users = messages.iter().filter(|message| message.role == crate::chat::Role::User);
    users.map(|message| message.content.clone()).find(|text| text.contains("line 0 of a long card")).unwrap()
}

/// A run of several steps with observations of 4,000 characters each.
fn long_run(context: Option<u32>, protocol: Protocol) -> Run {
    let mut run = run("What does the sign say about the harbour?", context, protocol);
    for step in 0..6 {
        let text = match protocol {
            Protocol::Text => format!("Thought: t\nAction: read_text\nAction Input: {{\"n\": {step}}}"),
            _ => json!({ "thought": "t", "tool": "read_text", "args": { "n": step } }).to_string(),
        };
        let usage = crate::chat::Usage::default();
        run.feed(Input::Reply { text, tool_calls: Vec::new(), usage, estimated: 0, ms: 1.0 }).unwrap();
        let lines: Vec<String> =
            (0..120)
                .map(|n| {
                    if n == 77 { "the harbour is closed".into() } else { format!("{step} {n} some other line of text") }
                })
                .collect();
        let value = json!({ "lines": [], "text": "" });
        let result = CallResult {
            ok: true,
            text: lines.join("\n"),
            value,
            repairable: false,
            made: vec![],
            models: vec![],
            ms: 1.0,
        };
        let (handles, offered) = (vec!["img-1".into()], run.task().offered.clone());
        run.feed(Input::Results { results: vec![result], handles, offered }).unwrap();
    }
    run
}

#[test]
fn a_prompt_fits_the_context_whatever_its_size() {
    let manager = manager();
    let mut before = usize::MAX;
    for context in [16_384, 8192, 4096, 3072, 2560] {
        for protocol in [Protocol::Schema, Protocol::Text] {
            let run = long_run(Some(context), protocol);
            let prompt = manager.request(&run.transcript(), Purpose::Step).unwrap();
            let room = context as usize - run.limits().reply_tokens as usize;
            assert!(prompt.tokens <= room, "{} tokens for a context of {context} under {protocol}", prompt.tokens);
            assert!(!prompt.shortened.is_empty(), "what was left out is said");
            if protocol == Protocol::Schema {
                assert!(prompt.tokens <= before);
                before = prompt.tokens;
            }
        }
    }
}

#[test]
fn what_bears_on_the_task_survives_the_shortening() {
    let prompt = manager().request(&long_run(Some(4096), Protocol::Schema).transcript(), Purpose::Step).unwrap();
    let last = &prompt.request.messages.last().unwrap().content;
    assert!(last.contains("the harbour is closed") && last.contains("lines left out]"), "{last}");
    assert!(last.contains("all of it: recall obs-6"), "{last}");
    let schema = prompt.request.schema.unwrap().to_string();
    assert!(schema.contains("\"recall\"") && schema.contains("obs-1"));
    let tight = manager().request(&long_run(Some(2560), Protocol::Schema).transcript(), Purpose::Step).unwrap();
    let user = &task_message(&tight);
    assert!(user.contains("What was done before:\n- read_text {\"n\":0}: 0 0 some other line"), "{user}");
}

#[test]
fn an_unknown_context_is_not_shortened_for() {
    let prompt = manager().request(&run("Read it.", None, Protocol::Schema).transcript(), Purpose::Step).unwrap();
    assert!(prompt.shortened.is_empty());
    assert!(!prompt.request.schema.unwrap().to_string().contains("recall"), "there is nothing to recall");
}

#[test]
fn a_task_of_ten_thousand_characters_is_cut_in_the_middle() {
    let text = format!("Find this: {} and then stop.", "word ".repeat(4000));
    let prompt = manager().request(&run(&text, Some(4096), Protocol::Schema).transcript(), Purpose::Step).unwrap();
    assert!(prompt.tokens <= 4096 - 400, "{}", prompt.tokens);
    let user = &task_message(&prompt);
    assert!(
        user.contains("Find this: word") && user.contains("and then stop.") && user.contains("characters left out")
    );
}

#[test]
fn of_many_tools_the_fitting_ones_are_described_and_the_others_named() {
    let specs: Vec<argus_tools::tool::ToolSpec> = vision::toolbox()
        .specs()
        .cloned()
        .chain((0..40).map(|n| {
            let mut spec = vision::toolbox().spec("caption").unwrap().clone();
            spec.name = format!("extra_{n}").into();
            spec.summary = if n == 33 {
                "read barcodes and QR codes".into()
            } else {
                format!("does the odd thing number {n}").into()
            };
            spec.examples.clear();
            spec
        }))
        .collect();
    let manager = PromptManager::new(Templates::embedded().unwrap(), specs.iter(), PromptParts::default()).unwrap();
    assert!(manager.prefix(Language::En, Protocol::Schema).is_empty(), "it depends on the task");
    let run = run("Read the barcode on the box.", None, Protocol::Schema);
    let prompt = manager.request(&run.transcript(), Purpose::Step).unwrap();
    let system = &prompt.request.messages[0].content;
    assert!(system.contains("- extra_33(") && !system.contains("- extra_39("), "{system}");
    assert!(system.contains("There are more tools: ") && system.contains("extra_39. Call show_tools"), "{system}");
    let schema = prompt.request.schema.unwrap().to_string();
    assert!(schema.contains("show_tools") && !schema.contains("extra_39"));
    let call = crate::run::Call { tool: "show_tools".into(), args: json!({ "names": ["extra_39"] }) };
    let shown = run.host_call(&call, &specs).unwrap();
    assert!(shown.ok && shown.text.starts_with("extra_39(image?"), "{}", shown.text);
}

/// Every example's calls name real tools and arguments that they take.
#[test]
fn the_most_similar_example_is_solved_right_before_the_task() {
    let before = |parts: PromptParts, protocol: Protocol| {
        let manager = PromptManager::new(Templates::embedded().unwrap(), vision::toolbox().specs(), parts).unwrap();
        let run = run("What is 30 percent of 90?", None, protocol);
        let mut messages = manager.request(&run.transcript(), Purpose::Step).unwrap().request.messages;
        assert!(messages.pop().unwrap().content.contains("Task: What is 30 percent of 90?"));
        messages
    };
    let schema = before(PromptParts::default(), Protocol::Schema);
    assert_eq!(schema.last().unwrap().content, r#"{"language":"English","answer":"15 percent of 80 is 12."}"#);
    assert_eq!(schema[schema.len() - 3].content, r#"{"tool":"calculate","args":{"expression":"15% of 80"}}"#);
    let text = before(PromptParts::default(), Protocol::Text);
    assert!(text.last().unwrap().content.starts_with("Thought: The calculator says 12.\nAnswer: "));
    // A larger model needs none.
    assert_eq!(before(PromptParts::default(), Protocol::Native).len(), 1);
    assert_eq!(before(PromptParts { examples: false }, Protocol::Schema).len(), 1);
}

#[test]
fn an_expression_under_a_grammar_computes_something() {
    let offered = vision::toolbox().narrowed(&argus_tools::image::ImageStore::new());
    let schema = jsonschema::validator_for(&offered["calculate"]).unwrap();
    let fits = |expression: &str| schema.is_valid(&json!({ "expression": expression }));
    for expression in ["2.50 + 4.20", "-3 + 5", "15% of 80", "18:45 + 132", "2^10", "sqrt(16)", "max(1, 2)", "3 != 2"] {
        assert!(fits(expression), "{expression}");
    }
    for expression in ["210", "27.00", "-5", "(210)", "326 degrees"] {
        assert!(!fits(expression), "{expression}");
    }
}
