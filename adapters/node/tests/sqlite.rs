//! The semantics of a node on SQLite, in memory and in a file.

mod semantics;

mod in_memory {
    use hexmtp_node::NodeOptions;

    use crate::semantics::peer::Running;

    async fn start() -> Running {
        Running::start(NodeOptions::default(), None).await
    }

    crate::semantics::semantics!(start);
}

mod in_a_file {
    use hexmtp_node::NodeOptions;

    use crate::semantics::peer::Running;

    async fn start() -> Running {
        let folder = crate::semantics::peer::new_folder();
        let database_url = format!("sqlite://{}", folder.path().join("node.db").display());
        Running::start(NodeOptions { database_url, ..NodeOptions::default() }, Some(folder)).await
    }

    crate::semantics::semantics!(start);
}
