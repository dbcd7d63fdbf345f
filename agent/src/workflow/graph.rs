//! placeholder
impl super::Workflow {
    /// placeholder
    pub fn mermaid(&self) -> String {
        String::new()
    }
    /// placeholder
    pub fn svg(&self) -> String {
        String::new()
    }
}
