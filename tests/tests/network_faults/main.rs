//! Clients, their network and a real node, while connections break and the node is killed: what was acknowledged is had
//! by everybody once, without help.

mod connections;
mod kills;
mod node_process;
mod people;
