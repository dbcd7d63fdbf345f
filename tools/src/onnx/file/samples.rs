//! Small ONNX files made byte by byte, for tests.

/// A message under construction.
#[derive(Clone, Default)]
pub(crate) struct Message(pub(crate) Vec<u8>);

impl Message {
    /// Adds a whole number.
    pub(crate) fn number(mut self, field: u64, number: u64) -> Self {
        self.varint(field << 3);
        self.varint(number);
        self
    }

    /// Adds a text.
    pub(crate) fn text(self, field: u64, text: &str) -> Self {
        self.bytes(field, text.as_bytes())
    }

    /// Adds bytes.
    pub(crate) fn bytes(mut self, field: u64, bytes: &[u8]) -> Self {
        self.varint(field << 3 | 2);
        self.varint(bytes.len() as u64);
        self.0.extend_from_slice(bytes);
        self
    }

    /// Adds a message.
    pub(crate) fn message(self, field: u64, inner: &Self) -> Self {
        self.bytes(field, &inner.0)
    }

    fn varint(&mut self, mut number: u64) {
        while number >= 0x80 {
            self.0.push((number & 0x7f) as u8 | 0x80);
            number >>= 7;
        }
        self.0.push(number as u8);
    }
}

/// An input or output of floats; a dimension of 0 is free and called `n`.
pub(crate) fn value(name: &str, dims: &[u64]) -> Message {
    let shape = dims.iter().fold(Message::default(), |shape, &size| {
        let dim = if size == 0 { Message::default().text(2, "n") } else { Message::default().number(1, size) };
        shape.message(1, &dim)
    });
    let tensor = Message::default().number(1, 1).message(2, &shape);
    Message::default().text(1, name).message(2, &Message::default().message(1, &tensor))
}

/// An operation.
pub(crate) fn node(operator: &str, domain: &str) -> Message {
    let node = Message::default().text(1, "a").text(2, "b").text(4, operator);
    if domain.is_empty() { node } else { node.text(7, domain) }
}

/// A graph with one operation, one constant and these ends.
pub(crate) fn graph(inputs: &[Message], outputs: &[Message]) -> Message {
    let weights = Message::default().number(1, 1).number(2, 1).text(8, "weights").bytes(9, &[0; 4]);
    let graph = Message::default().message(1, &node("Conv", "")).text(2, "tiny").message(5, &weights);
    let graph = inputs.iter().fold(graph, |graph, input| graph.message(11, input));
    outputs.iter().fold(graph, |graph, output| graph.message(12, output))
}

/// A whole model around a graph.
pub(crate) fn model(graph: &Message, metadata: &[(&str, &str)]) -> Message {
    let opset = Message::default().text(1, "").number(2, 17);
    let model = Message::default().number(1, 8).text(2, "pytorch").text(3, "2.4").message(7, graph).message(8, &opset);
    metadata
        .iter()
        .fold(model, |model, (key, value)| model.message(14, &Message::default().text(1, key).text(2, value)))
}

/// A YOLO of two classes and 320 pixels a side.
pub(crate) fn yolo(metadata: &[(&str, &str)]) -> Message {
    model(&graph(&[value("images", &[1, 3, 320, 320])], &[value("output0", &[1, 6, 2100])]), metadata)
}
