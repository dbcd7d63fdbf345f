//! `argus tool NAME`: a subcommand for each tool, with its arguments as flags.

use argus_tools::tool::{Argument, ToolSpec, Toolbox};
use clap::{Arg, ArgAction, ArgMatches, Args, FromArgMatches};

/// `argus tool NAME ...`: one subcommand a tool, its flags made from the tool's schema.
#[derive(Clone, Debug)]
pub(crate) struct ToolCommand {
    /// The tool.
    pub(crate) name: String,
    /// What was given for it.
    pub(crate) matches: ArgMatches,
}

impl FromArgMatches for ToolCommand {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, clap::Error> {
        let (name, matches) = matches
            .subcommand()
            .ok_or_else(|| clap::Error::raw(clap::error::ErrorKind::MissingSubcommand, "name a tool\n"))?;
        Ok(Self { name: name.to_owned(), matches: matches.clone() })
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), clap::Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}

impl Args for ToolCommand {
    /// The subcommands come with [`with_tools`].
    fn augment_args(command: clap::Command) -> clap::Command {
        command
            .subcommand_required(true)
            .arg_required_else_help(true)
            .subcommand_value_name("NAME")
            .subcommand_help_heading("Tools")
    }

    fn augment_args_for_update(command: clap::Command) -> clap::Command {
        Self::augment_args(command)
    }
}

/// Adds a subcommand for each tool. Where `open`, any other name is taken for a tool too.
pub(crate) fn with_tools(command: clap::Command, tools: &Toolbox, open: bool) -> clap::Command {
    command.mut_subcommand("tool", |command| command.allow_external_subcommands(open).subcommands(tool_commands(tools)))
}

/// The flag of a tool's argument, without the dashes. One that the program itself has is told apart by `arg-`.
pub(crate) fn flag_name(argument: &str) -> String {
    const OWN: [&str; 11] =
        ["json", "draw", "out", "device", "memory", "offline", "config", "quiet", "verbose", "help", "version"];
    let name = argument.replace('_', "-");
    if OWN.contains(&argument) { format!("arg-{name}") } else { name }
}

fn tool_commands(tools: &Toolbox) -> Vec<clap::Command> {
    tools.specs().map(tool_command).collect()
}

fn tool_command(spec: &ToolSpec) -> clap::Command {
    let mut command = clap::Command::new(spec.name.to_string()).about(spec.summary.to_string());
    let arguments = spec.arguments();
    if arguments.iter().any(|argument| argument.name == "image") {
        let help = "Picture or clip: path, http(s) address, sample:NAME, or - for standard input";
        command = command.arg(Arg::new("IMAGE").help(help).required(true));
    }
    command = command
        .arg(Arg::new("json").long("json").action(ArgAction::SetTrue).help("Print JSON"))
        .arg(Arg::new("draw").long("draw").value_name("FILE").help("Write a picture with the result drawn on it"))
        .arg(Arg::new("out").long("out").value_name("DIR").help("Directory for pictures that the tool makes"));
    for argument in arguments.iter().filter(|argument| argument.name != "image") {
        command = command.arg(tool_flag(argument));
    }
    command
}

fn tool_flag(argument: &Argument) -> Arg {
    let mut help = argument.description.clone();
    if !argument.kind.is_empty() && argument.kind != "any" {
        help = format!("{help} ({})", argument.kind);
    }
    Arg::new(flag_name(&argument.name))
        .long(flag_name(&argument.name))
        .value_name(argument.name.to_uppercase())
        .required(argument.required)
        .allow_hyphen_values(true)
        .help(help)
}
