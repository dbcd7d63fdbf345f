//! Conversations on scripted models and drawn-up scenes.
#![expect(clippy::unwrap_used, reason = "a failed set-up fails the test")]

use argus_tools::{image::ImageStore, onnx::NoModels, tool::ToolCx};

use super::*;
use crate::{
    StopReason,
    chat::{ChatRequest, Role, scripted::Scripted},
    fakes::Scene,
    memory::SessionFolder,
    run::RunEvent,
};

const CROP: &str = r#"{"thought":"c","tool":"crop","args":{"image":"img-1","region":"img-1/bus-1"}}"#;

fn street() -> Scene {
    Scene {
        size: (640, 480),
        objects: vec![("bus", [100.0, 80.0, 420.0, 330.0]), ("person", [20.0, 200.0, 90.0, 420.0])],
        lines: vec!["ROUTE 42"],
    }
}

fn answer(text: &str) -> String {
    serde_json::json!({"thought": "t", "answer": text}).to_string()
}

fn agent(script: &Arc<Scripted>) -> Agent {
    let cx = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
    street().enter(&cx);
    Agent::builder().chat(script.clone()).toolbox(street().toolbox()).cx(cx).build().unwrap()
}

fn enter(agent: &Agent, size: (u32, u32)) {
    Scene { size, ..Scene::default() }.enter(&agent.cx);
}

/// The first request of each turn: the one whose last message is the task's.
fn task_of(request: &ChatRequest) -> &str {
    let last = request.messages.last().unwrap();
    assert_eq!(last.role, Role::User);
    &last.content
}

#[tokio::test]
async fn handles_live_across_turns() {
    let script = Arc::new(Scripted::replies([
        CROP.to_owned(),
        answer("The bus is cropped as img-2."),
        r#"{"thought":"m","tool":"measure","args":{"image":"img-1","a":"img-1/person-1"}}"#.to_owned(),
        answer("It is 70 x 220 pixels."),
        answer("img-2 is 320 x 250 pixels."),
    ]));
    let agent = agent(&script);
    let mut chat = agent.chat();
    assert_eq!(chat.ask("Crop the bus").await.stop, StopReason::Answered);
    assert!(chat.ask("How large is the person in img-1?").await.grounded);
    let last = chat.ask("And how large is img-2?").await;
    assert!(last.grounded, "{:?}", last.ungrounded);
    let requests = script.requests();
    assert!(task_of(&requests[4]).contains("img-2: 320 x 250 pixels"), "{}", task_of(&requests[4]));
    assert!(!task_of(&requests[4]).contains("img-1/bus-1"), "its card is not shown, for img-2 alone is asked about");
    let memory = chat.memory();
    assert_eq!((memory.exchanges[0].made.clone(), memory.exchanges[1].images_before), (vec!["img-2".to_owned()], 2));
    assert_eq!(memory.exchanges[2].about, ["img-2"]);
    let earlier = chat.window("Thanks").await.earlier().unwrap();
    assert_eq!(earlier.exchanges[0], ("Crop the bus".into(), "The bus is cropped as img-2.".into()));
    assert_eq!(earlier.others, ["img-1, 640 x 480 pixels: scene, 1 bus, 1 person, \"ROUTE 42\""]);
}

#[tokio::test]
async fn undo_takes_back_what_the_turn_made() {
    let script = Arc::new(Scripted::replies([CROP.to_owned(), answer("img-2 shows the bus."), answer("Yes.")]));
    let agent = agent(&script);
    let mut chat = agent.chat();
    assert_eq!(chat.undo(), None);
    chat.ask("Crop the bus").await;
    chat.ask("What is on the crop?").await;
    enter(&agent, (30, 20));
    assert_eq!(chat.undo().unwrap().renamed, Vec::new(), "the second turn made nothing");
    let undone = chat.undo().unwrap();
    assert_eq!(undone.exchange.task, "Crop the bus");
    assert_eq!(undone.removed, ["img-2"]);
    assert_eq!(undone.renamed, [("img-3".to_owned(), "img-2".to_owned())]);
    let images = agent.cx.images.images();
    assert_eq!((images.len(), images[1].width(), images[1].parent.clone()), (2, 30, None));
    assert!(agent.cx.images.regions("img-2").is_empty());
    assert!(agent.cards.lock().unwrap().keys().all(|handle| handle == "img-1"), "the crop's card is forgotten");
    assert!(chat.memory().exchanges.is_empty());
}

/// A turn that is cancelled while tools look must not leave a card with gaps behind.
#[tokio::test]
async fn a_cancelled_turn_ends_nothing_but_itself() {
    let script = Arc::new(Scripted::replies([answer("There is 1 bus.")]));
    let agent = agent(&script);
    let mut chat = agent.chat();
    let cancel = CancellationToken::new();
    cancel.cancel();
    let outcome = chat.ask_until("How many buses?", &cancel).await;
    assert_eq!((outcome.stop, outcome.answer), (StopReason::Cancelled, None));
    assert!(agent.cards.lock().unwrap().is_empty());
    let outcome = chat.ask("How many buses?").await;
    assert_eq!(outcome.answer.as_deref(), Some("There is 1 bus."));
    assert!(task_of(&script.requests()[0]).contains("1 bus (img-1/bus-1"));
    assert_eq!(chat.memory().exchanges[0].said(), "(no answer: cancelled)");
}

#[tokio::test]
async fn a_failed_turn_is_followed_by_others() {
    let script = Arc::new(Scripted::replies([answer("There is 1 bus.")]));
    let agent = agent(&script);
    let mut chat = agent.chat();
    chat.ask("How many buses?").await;
    assert_eq!(chat.ask("And dogs?").await.stop, StopReason::ModelError);
    assert_eq!(chat.memory().exchanges.len(), 2);
    assert_eq!(chat.window("Why?").await.recent[1].1, "(no answer: the model could not be asked)");
}

#[tokio::test]
async fn forty_turns_stay_inside_the_context() {
    let long = "The picture shows a great many things, all of them worth a word. ".repeat(40);
    let mut script = Scripted::new();
    for _ in 0..39 {
        script = script.reply(answer(&long));
    }
    let script = Arc::new(script.reply(answer("The first image shows 1 bus and 1 person.")));
    let shortened = Arc::new(std::sync::Mutex::new(0));
    let counted = shortened.clone();
    let cx = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
    street().enter(&cx);
    let events = move |event: RunEvent| {
        if matches!(event, RunEvent::Shortened { .. }) {
            *counted.lock().unwrap() += 1;
        }
    };
    let agent = Agent::builder()
        .chat(script.clone())
        .toolbox(street().toolbox())
        .cx(cx)
        .events(Arc::new(events))
        .build()
        .unwrap();
    let mut chat = agent.chat();
    for turn in 1..40 {
        if turn % 4 == 0 {
            enter(&agent, (100 + turn, 80));
        }
        let task =
            format!("Describe picture number {turn} of the story in detail. {}", "And more. ".repeat(turn as usize));
        chat.ask(task).await;
    }
    let window = chat.window("What does img-1 show?").await;
    let outcome = chat.ask("What does img-1 show?").await;
    assert!(outcome.grounded, "{:?}", outcome.ungrounded);
    let requests = script.requests();
    for request in &requests {
        let past = request.max_tokens.unwrap() as usize + crate::chat::estimate_messages(&request.messages);
        assert!(past <= CONTEXT, "{past}");
    }
    let last = task_of(requests.last().unwrap());
    assert!(last.contains("1 bus (img-1/bus-1") && last.contains("ROUTE 42"), "{last}");
    assert!(!last.contains("img-5:"), "the cards of the other images are not in it");
    assert!(last.contains("Earlier task: Describe picture number 39"), "the past is in it: {last}");
    assert!(*shortened.lock().unwrap() > 0);
    assert_eq!(window.focus, ["img-1"]);
}

#[tokio::test]
async fn a_session_is_resumed_where_it_was_left() {
    let directory = tempfile::tempdir().unwrap();
    let script = Arc::new(Scripted::replies([CROP.to_owned(), answer("The bus is cropped as img-2.")]));
    let first = agent(&script);
    let mut chat = first.chat();
    chat.ask("Crop the bus").await;
    SessionFolder::new(directory.path()).save(&chat.session()).unwrap();

    let script = Arc::new(Scripted::replies([answer("It was the bus.")]));
    let looked = Arc::new(std::sync::Mutex::new(Vec::new()));
    let seen = looked.clone();
    let events = move |event: RunEvent| {
        if let RunEvent::CardReady { card } = event {
            seen.lock().unwrap().push(card.seen.image);
        }
    };
    let cx = ToolCx::new(ImageStore::new(), Arc::new(NoModels));
    let second = Agent::builder()
        .chat(script.clone())
        .toolbox(street().toolbox())
        .cx(cx)
        .events(Arc::new(events))
        .build()
        .unwrap();
    let mut resumed = second.chat();
    resumed.resume(SessionFolder::new(directory.path()).load().unwrap()).unwrap();
    assert_eq!(resumed.memory(), chat.memory());
    assert_eq!(resumed.images(), chat.images());
    assert_eq!(second.cx.images.regions("img-1"), first.cx.images.regions("img-1"));
    resumed.ask("What did I crop?").await;
    assert_eq!(*looked.lock().unwrap(), ["img-2"], "the card of img-1 was saved, that of the crop never made");
    assert_eq!(resumed.undo().unwrap().exchange.task, "What did I crop?");
    assert_eq!(resumed.undo().unwrap().removed, ["img-2"]);
}
