//! Installations with a store each, for one group.

use std::collections::BTreeMap;
use std::time::{SystemTime, UNIX_EPOCH};

use hexmtp_domain::group::LeafMember;
use hexmtp_domain::group::commit_summary::RawExtension;
use hexmtp_domain::identity::InstallationKey;
use hexmtp_domain::{GroupId, InboxId, KeyPackageRef, Timestamp};
use hexmtp_mls_openmls::OpenMlsEngine;
use hexmtp_ports::mls::{
    CommitPlan, GroupParams, Keep, KeyPackageParams, MlsEngine, MlsError, MlsSession, NewKeyPackage,
    Processed, SessionState, VerifiedKeyPackage,
};
use hexmtp_ports::store::{MlsRowChange, MlsRows, Scope};

pub(crate) const GROUP: GroupId = GroupId::new([7; 16]);

/// One installation and what its store holds.
pub(crate) struct Person {
    pub(crate) engine: OpenMlsEngine,
    pub(crate) key: InstallationKey,
    pub(crate) inbox_id: InboxId,
    pub(crate) rows: BTreeMap<Scope, MlsRows>,
}

/// OpenMLS reads the system's clock when it checks a key package, so those of the tests are made by it, too.
pub(crate) fn now() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("a clock after 1970");
    Timestamp::ZERO.plus(since)
}

impl Person {
    pub(crate) fn new(seed: u8) -> Self {
        Self {
            engine: OpenMlsEngine::new(),
            key: InstallationKey::from_seed([seed; 32]),
            inbox_id: InboxId::new([seed; 32]),
            rows: BTreeMap::new(),
        }
    }

    pub(crate) fn member(&self) -> LeafMember {
        LeafMember { inbox_id: self.inbox_id, installation_id: self.key.id() }
    }

    /// Makes a key package and stores its rows.
    pub(crate) fn new_key_package(&mut self) -> NewKeyPackage {
        let params = KeyPackageParams {
            key: &self.key,
            inbox_id: self.inbox_id,
            now: now(),
            wrapper_public_key: Some(&[9; 1216]),
        };
        let package = self.engine.create_key_package(params).expect("a key package");
        self.apply(package.changes.clone());
        package
    }

    /// A key package as others see it, and its reference.
    pub(crate) fn key_package(&mut self) -> (KeyPackageRef, VerifiedKeyPackage) {
        let package = self.new_key_package();
        let verified = self.engine.verify_key_package(&package.tls).expect("it verifies");
        (package.reference, verified)
    }

    pub(crate) fn apply(&mut self, changes: Vec<MlsRowChange>) {
        for change in changes {
            let rows = self.rows.entry(change.scope).or_default();
            match change.value {
                Some(value) => rows.insert(change.key, value),
                None => rows.remove(&change.key),
            };
        }
    }

    pub(crate) fn create(&mut self) {
        let params = GroupParams {
            key: &self.key,
            inbox_id: self.inbox_id,
            group_id: GROUP,
            extensions: extensions("first"),
        };
        let session = self.engine.create_group(params).expect("a group");
        self.save(session, Keep::All);
    }

    pub(crate) fn rows(&self) -> MlsRows {
        self.rows.get(&Scope::Group(GROUP)).cloned().unwrap_or_default()
    }

    pub(crate) fn open(&self) -> Box<dyn MlsSession> {
        self.engine.open_group(&self.key, GROUP, self.rows()).expect("the group opens")
    }

    pub(crate) fn save(&mut self, mut session: Box<dyn MlsSession>, keep: Keep) {
        let changes = session.take_changes(keep).expect("changes");
        self.apply(changes);
    }

    /// Opens the group, does something with it, and stores all that changed.
    pub(crate) fn with<T>(&mut self, run: impl FnOnce(&mut dyn MlsSession) -> T) -> T {
        let mut session = self.open();
        let result = run(&mut *session);
        self.save(session, Keep::All);
        result
    }

    pub(crate) fn join(&mut self, welcome: &[u8], reference: KeyPackageRef) -> Result<LeafMember, MlsError> {
        let rows = self.rows.get(&Scope::KeyPackage(reference)).cloned().unwrap_or_default();
        let joined = self.engine.join(&self.key, welcome, (reference, rows))?;
        self.save(joined.session, Keep::All);
        Ok(joined.sender)
    }

    pub(crate) fn state(&self) -> SessionState {
        self.open().state().expect("a state")
    }

    pub(crate) fn seal(&mut self, text: &str) -> Vec<u8> {
        self.with(|session| session.seal(text.as_bytes()).expect("sealed"))
    }

    /// Opens an application message.
    pub(crate) fn read(&mut self, data: &[u8]) -> Result<(LeafMember, String), MlsError> {
        self.with(|session| match session.process(data)? {
            Processed::Application { sender, plaintext, .. } => {
                Ok((sender, String::from_utf8(plaintext).expect("text")))
            }
            other => panic!("not an application message: {other:?}"),
        })
    }

    /// Makes a commit and merges it at once, as if the network had put it first.
    pub(crate) fn commit_and_merge(&mut self, plan: &CommitPlan) -> (Vec<u8>, Option<Vec<u8>>) {
        let commit = self.with(|session| session.commit(plan).expect("a commit"));
        self.with(|session| session.merge_pending().expect("merged"));
        (commit.data, commit.welcome)
    }

    /// Processes a commit of somebody else and accepts it.
    pub(crate) fn follow(&mut self, commit: &[u8]) {
        self.with(|session| {
            let processed = session.process(commit).expect("processed");
            assert!(matches!(processed, Processed::Commit(_)), "not a commit: {processed:?}");
            session.merge_staged().expect("merged");
        });
    }

    /// Adds somebody, who joins.
    pub(crate) fn add(&mut self, other: &mut Self) -> Vec<u8> {
        let (reference, package) = other.key_package();
        let plan = CommitPlan { add: vec![package], ..CommitPlan::default() };
        let (commit, welcome) = self.commit_and_merge(&plan);
        let adder = other.join(&welcome.expect("a welcome"), reference).expect("joined");
        assert_eq!(adder, self.member());
        commit
    }
}

/// A group of `alice` and `bob`.
pub(crate) fn pair() -> (Person, Person) {
    let (mut alice, mut bob) = (Person::new(1), Person::new(2));
    alice.create();
    alice.add(&mut bob);
    (alice, bob)
}

/// The four group-context extensions of XMTP, with a name in one of them.
pub(crate) fn extensions(name: &str) -> Vec<RawExtension> {
    vec![
        RawExtension { id: 0xf000, data: b"\x03abc".to_vec() },
        RawExtension { id: 0xff00, data: name.as_bytes().to_vec() },
        RawExtension { id: 0xff01, data: b"members".to_vec() },
        RawExtension { id: 0xff02, data: b"policies".to_vec() },
    ]
}

/// The complete extension list of a group with another name; the changed one moves to the end.
pub(crate) fn renamed(state: &SessionState, name: &str) -> Vec<RawExtension> {
    let mut list: Vec<_> =
        state.extensions.iter().filter(|extension| extension.id != 0xff00).cloned().collect();
    list.push(RawExtension { id: 0xff00, data: name.as_bytes().to_vec() });
    list
}
