//! A node that is killed while clients send, and started again on its file.

use hexmtp_delivery_grpc::{GrpcNetwork, GrpcOptions};

use crate::node_process::NodeProcess;
use crate::people::{Dice, Party};

const ROUNDS: usize = 6;
/// How many messages of each person are acknowledged.
const EACH: usize = 25;
const ALL: usize = 3 * EACH;

/// R-NET-181
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_acknowledged_survives_the_death_of_the_node() {
    let folder = tempfile::tempdir().expect("a folder");
    let database = folder.path().join("node.db");
    let free = "127.0.0.1:0".parse().expect("an address");
    let mut node = NodeProcess::start(free, &database).await;
    let address = node.address;
    let party = Party::new([node.url(), node.url(), node.url()]).await;
    let deaths = async {
        let dice = Dice::new(4);
        for round in 0..ROUNDS {
            party.progress(1 + dice.below(6), ALL).await;
            assert!(party.acknowledged() < ALL, "all was sent before death {round}");
            node.kill().await;
            node = NodeProcess::start(address, &database).await;
        }
        node
    };
    let (node, ()) = tokio::join!(deaths, party.send_all(EACH));
    let direct = GrpcNetwork::connect(GrpcOptions::new(node.url())).expect("a network");
    party.assert_everything_arrived(&direct).await;
    // One last death after everything: it is still there.
    node.kill().await;
    let node = NodeProcess::start(address, &database).await;
    party.assert_everything_arrived(&direct).await;
    drop(node);
}
