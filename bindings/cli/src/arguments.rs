//! What can be typed after `hexmtp`.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use hexmtp::domain::identity::{EthereumAddress, MemberIdentifier};

use crate::person::Person;
use crate::{demo, exit};

/// Encrypted XMTP conversations from the command line.
///
/// `hexmtp init` makes an account, `hexmtp chat ADDRESS` starts talking. Everything is end-to-end
/// encrypted with MLS and kept in an encrypted database on this machine.
#[derive(Parser)]
#[command(name = "hexmtp", version, arg_required_else_help = true, after_help = exit::HELP)]
#[command(verbatim_doc_comment)]
pub(crate) struct Arguments {
    #[command(flatten)]
    pub(crate) global: GlobalOptions,
    #[command(subcommand)]
    pub(crate) command: Command,
}

/// What every command takes.
#[derive(Args)]
#[command(next_help_heading = "Global options")]
pub(crate) struct GlobalOptions {
    /// The server [default: the one that the profile was made with, http://127.0.0.1:5556 for a new one].
    #[arg(long, global = true, env = "HEXMTP_URL", hide_env_values = true, value_name = "URL")]
    pub(crate) url: Option<String>,
    /// Where profiles are kept [default: the folder `hexmtp` in the system's folder for programs' data].
    #[arg(long, global = true, env = "HEXMTP_HOME", hide_env_values = true, value_name = "FOLDER")]
    pub(crate) home: Option<PathBuf>,
    /// Who is talking: several people, or devices of one, can share a machine.
    #[arg(
        long,
        global = true,
        env = "HEXMTP_PROFILE",
        hide_env_values = true,
        value_name = "NAME",
        default_value = "default"
    )]
    pub(crate) profile: String,
    /// Where `init` keeps the wallet key and the key of the database. A profile stays with its store.
    #[arg(
        long,
        global = true,
        env = "HEXMTP_KEY_STORE",
        hide_env_values = true,
        value_enum,
        value_name = "STORE",
        default_value_t = KeyStoreChoice::Auto
    )]
    pub(crate) key_store: KeyStoreChoice,
    /// Print one JSON object per result, one a line; errors too, on standard error.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// Tell on standard error what is going on.
    #[arg(long, short, global = true)]
    pub(crate) verbose: bool,
}

/// Where the secrets of a new profile go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum KeyStoreChoice {
    /// The keychain of the operating system where there is one, otherwise files.
    Auto,
    /// Files in the profile that only you can read.
    File,
    /// The keychain of the operating system.
    Os,
}

#[derive(Subcommand)]
pub(crate) enum Command {
    /// Make an account: a wallet key, an inbox on the network, and an encrypted database.
    ///
    /// Without an option, a new wallet key is made. Both the wallet key and the key of the database are
    /// kept in the key store (see --key-store). Whoever has the wallet key is you: keep a copy of it if the
    /// account matters. With the key of an inbox that exists, this machine becomes one more device of it.
    /// Running `init` again completes what was interrupted, and otherwise changes nothing.
    #[command(verbatim_doc_comment)]
    Init(InitArguments),
    /// Show who you are: address, inbox, installation, and where things are kept.
    Info,
    /// Show who belongs to an inbox, or change your own.
    ///
    /// Without a command it shows an inbox: its wallets, passkeys and devices, since when they belong to it,
    /// who let them in, and until when each device can be invited. Anybody's inbox can be looked at, also
    /// without an account.
    #[command(verbatim_doc_comment)]
    Inbox(InboxArguments),
    /// Tell which addresses can be messaged.
    CanMessage(CanMessageArguments),
    /// Open the direct conversation with somebody, and say something.
    Dm(DmArguments),
    /// Create, change and list groups.
    #[command(subcommand)]
    Group(GroupCommand),
    /// Send a text to a conversation, or to somebody.
    Send(SendArguments),
    /// Show the messages of a conversation, the newest last.
    Messages(MessagesArguments),
    /// Join new conversations and fetch what is new in all of them.
    Sync,
    /// Print messages as they come, until interrupted.
    Stream(StreamArguments),
    /// Talk: type lines to send them, and see what others write.
    ///
    /// At a terminal, lines can be edited, and messages of others appear above the one being typed.
    /// Otherwise the lines of standard input are sent; at its end the command waits until everything is
    /// published. Lines that begin with / are commands: /help lists them.
    #[command(verbatim_doc_comment)]
    Chat(ChatArguments),
    /// Three people talk, over a network inside this process, each with an encrypted database file.
    ///
    /// They register, open a direct conversation, form a group and rename it. One of them brings a second
    /// device into the group, one is removed and cannot read on, one is restarted from the database file.
    /// At the end the command prints what each of them has in their database, and how long every step took.
    #[command(verbatim_doc_comment)]
    Demo(demo::Arguments),
}

#[derive(Args)]
pub(crate) struct InitArguments {
    /// A file with the wallet's private key in hexadecimal digits; - reads it from standard input.
    ///
    /// What is typed for - is hidden. There is no option for the key itself: others could read it in the
    /// list of processes.
    #[arg(long, value_name = "FILE", verbatim_doc_comment)]
    pub(crate) private_key_file: Option<PathBuf>,
}

#[derive(Args)]
#[command(args_conflicts_with_subcommands = true)]
pub(crate) struct InboxArguments {
    /// Whose: an address or the id of an inbox [default: your own].
    #[arg(value_name = "ADDRESS", value_parser = crate::person::parse)]
    pub(crate) person: Option<Person>,
    #[command(subcommand)]
    pub(crate) change: Option<InboxCommand>,
}

#[derive(Subcommand)]
pub(crate) enum InboxCommand {
    /// Add a wallet: people who know its address find this inbox from then on.
    Add(InboxAddArguments),
    /// Remove wallets or devices. With a wallet go the devices that it let in.
    Revoke(InboxRevokeArguments),
    /// Put another wallet in charge of removals.
    ChangeRecovery(ChangeRecoveryArguments),
}

#[derive(Args)]
pub(crate) struct InboxAddArguments {
    /// A file with the private key of the wallet in hexadecimal digits; - reads it from standard input.
    #[arg(long, value_name = "FILE")]
    pub(crate) private_key_file: PathBuf,
}

/// How the wallet that signs is named, for help texts.
const RECOVERY_KEY: &str =
    "A file with the private key of the recovery wallet, where it is not the profile's own.";

#[derive(Args)]
pub(crate) struct InboxRevokeArguments {
    /// Addresses of wallets, ids of devices.
    #[arg(required_unless_present = "all_other_devices", conflicts_with = "all_other_devices")]
    #[arg(value_name = "MEMBER", value_parser = crate::person::parse_member)]
    pub(crate) members: Vec<MemberIdentifier>,
    /// All devices but this one.
    #[arg(long)]
    pub(crate) all_other_devices: bool,
    /// Remove the recovery wallet or the last wallet as well: nobody will find the inbox by it any more.
    #[arg(long)]
    pub(crate) force: bool,
    #[arg(long, value_name = "FILE", help = RECOVERY_KEY)]
    pub(crate) recovery_key_file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct ChangeRecoveryArguments {
    /// A file with the private key of the new recovery wallet, which proves that somebody holds it.
    #[arg(long, value_name = "FILE", required_unless_present = "unproven", conflicts_with = "unproven")]
    pub(crate) private_key_file: Option<PathBuf>,
    /// The address of the new recovery wallet, unproven: if nobody holds its key, nothing can ever be revoked
    /// again.
    #[arg(long, value_name = "ADDRESS", verbatim_doc_comment, value_parser = crate::person::parse_address)]
    pub(crate) unproven: Option<EthereumAddress>,
    #[arg(long, value_name = "FILE", help = RECOVERY_KEY)]
    pub(crate) recovery_key_file: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct CanMessageArguments {
    /// Ethereum addresses.
    #[arg(required = true, value_name = "ADDRESS", value_parser = crate::person::parse_address)]
    pub(crate) addresses: Vec<EthereumAddress>,
}

#[derive(Args)]
pub(crate) struct DmArguments {
    /// Their address, or the id of their inbox.
    #[arg(value_name = "ADDRESS", value_parser = crate::person::parse)]
    pub(crate) peer: Person,
    /// What to say; - reads it from standard input.
    pub(crate) text: Option<String>,
}

#[derive(Subcommand)]
pub(crate) enum GroupCommand {
    /// Create a group.
    Create(GroupCreateArguments),
    /// Add people, with all their devices.
    Add(MemberArguments),
    /// Remove people, with all their devices.
    Remove(MemberArguments),
    /// Give a group another name.
    Rename(RenameArguments),
    /// Ask to be removed from a group; the device of an admin does it. It cannot be taken back.
    Leave(LeaveArguments),
    /// Show who is in a conversation.
    Members(MembersArguments),
    /// List all conversations, direct ones as well, the most recently active first.
    List(ListArguments),
}

#[derive(Args)]
pub(crate) struct GroupCreateArguments {
    /// What the group is called; at most 100 bytes.
    #[arg(long, default_value = "")]
    pub(crate) name: String,
    /// What it is about; at most 1000 bytes.
    #[arg(long, default_value = "")]
    pub(crate) description: String,
    /// Only admins may add members and change the group; otherwise everybody may add and rename.
    #[arg(long)]
    pub(crate) admins_only: bool,
    /// The members beside you: addresses or ids of inboxes.
    #[arg(value_name = "ADDRESS", value_parser = crate::person::parse)]
    pub(crate) members: Vec<Person>,
}

/// How conversations are named, for help texts.
const CONVERSATION: &str = "The beginning of its id, its name, or the address of the person you talk with.";

#[derive(Args)]
pub(crate) struct MemberArguments {
    #[arg(help = CONVERSATION)]
    pub(crate) conversation: String,
    /// Addresses or ids of inboxes.
    #[arg(required = true, value_name = "ADDRESS", value_parser = crate::person::parse)]
    pub(crate) people: Vec<Person>,
}

#[derive(Args)]
pub(crate) struct RenameArguments {
    #[arg(help = CONVERSATION)]
    pub(crate) conversation: String,
    /// The new name; at most 100 bytes.
    pub(crate) name: String,
}

#[derive(Args)]
pub(crate) struct LeaveArguments {
    #[arg(help = CONVERSATION)]
    pub(crate) conversation: String,
}

#[derive(Args)]
pub(crate) struct MembersArguments {
    #[arg(help = CONVERSATION)]
    pub(crate) conversation: String,
    /// Show what is stored, without asking the network.
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Args)]
pub(crate) struct ListArguments {
    /// Show what is stored, without asking the network.
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Args)]
pub(crate) struct SendArguments {
    #[arg(help = CONVERSATION)]
    pub(crate) conversation: String,
    /// What to say; - reads it from standard input.
    pub(crate) text: String,
}

#[derive(Args)]
pub(crate) struct MessagesArguments {
    #[arg(help = CONVERSATION)]
    pub(crate) conversation: String,
    /// At most so many, the newest ones.
    #[arg(long, short = 'n', default_value_t = 50, value_name = "COUNT")]
    pub(crate) limit: usize,
    /// Show what is stored, without asking the network.
    #[arg(long)]
    pub(crate) offline: bool,
}

#[derive(Args)]
pub(crate) struct StreamArguments {
    #[arg(help = "Only this conversation: the beginning of its id, its name, or a person's address.")]
    pub(crate) conversation: Option<String>,
    /// End after so many messages.
    #[arg(long, value_name = "COUNT")]
    pub(crate) count: Option<usize>,
}

#[derive(Args)]
pub(crate) struct ChatArguments {
    #[arg(help = CONVERSATION)]
    pub(crate) conversation: String,
    /// How many earlier messages to show first.
    #[arg(long, short = 'n', default_value_t = 20, value_name = "COUNT")]
    pub(crate) limit: usize,
}
