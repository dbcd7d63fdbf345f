//! The program `argus`.

use std::process::ExitCode;

fn main() -> ExitCode {
    argus_cli::main()
}
