//! Following official groups from the welcome on, as each member, as far as that member makes no commit itself: what
//! it would need for that never left its memory.

use hexmtp_domain::message::envelope::PlaintextEnvelope;
use hexmtp_domain::{EpochAuthenticator, GroupId};
use hexmtp_mls_openmls::OpenMlsEngine;
use hexmtp_ports::mls::{Keep, MlsEngine, MlsSession, Processed};
use hexmtp_ports::store::MlsRows;
use serde_json::Value;

use crate::captured::{Run, bytes, rows, runs, text};

/// How far the members came, together.
#[derive(Debug, Default, PartialEq, Eq)]
struct Followed {
    joined: usize,
    application_messages: usize,
    own_messages: usize,
    commits: usize,
    removals: usize,
    ended_by_own_commit: usize,
}

/// R-MLS-008: content, message ids and epoch authenticators are those of the official clients.
#[test]
fn official_groups_are_followed() {
    let mut followed = Followed::default();
    for run in runs() {
        for welcome in run.received() {
            followed.joined += 1;
            follow(&run, welcome, &mut followed);
        }
    }
    let expected = Followed {
        joined: 18,
        application_messages: 38,
        own_messages: 0,
        commits: 10,
        removals: 1,
        ended_by_own_commit: 3,
    };
    assert_eq!(followed, expected);
}

/// Follows one group as one member. The group is stored and opened anew before every message.
fn follow(run: &Run, welcome: &Value, followed: &mut Followed) {
    let engine = OpenMlsEngine::new();
    let (name, _, key) = run.installation(text(welcome, "installationKey"));
    let joined = engine.join(&key, &run.unwrap(welcome).data, rows(run.key_package_for(welcome))).unwrap();
    let state = joined.session.state().unwrap();
    let (group_id, joined_at) = (state.group_id, state.epoch.0);
    let mut stored = MlsRows::new();
    store(&mut stored, joined.session);

    let authenticators = run.authenticators();
    let of_group = run.messages.iter().filter(|message| text(message, "group_id") == group_id.to_string());
    for message in of_group {
        let epoch = message["parsed"]["epoch"].as_u64().unwrap();
        if epoch < joined_at {
            continue;
        }
        let mut session = engine.open_group(&key, group_id, stored.clone()).unwrap();
        let place = format!("{} message {} as {name}", run.name, message["sequence_id"]);
        let processed =
            session.process(&bytes(message, "data")).unwrap_or_else(|error| panic!("{place}: {error:?}"));
        match processed {
            Processed::Application { sender, plaintext, .. } => {
                let seen = seen_by(message, name);
                assert_eq!(
                    sender.installation_id.to_string(),
                    text(seen, "sender_installation_id"),
                    "{place}"
                );
                assert_eq!(sender.inbox_id.to_string(), text(seen, "sender_inbox_id"), "{place}");
                check_content(group_id, &plaintext, seen, &place);
                followed.application_messages += 1;
            }
            Processed::Commit(summary) => {
                assert_eq!(summary.epoch.0, epoch, "{place}");
                assert!(summary.forbidden_proposals.is_empty(), "{place}");
                session.merge_staged().unwrap();
                let after = session.state().unwrap();
                if summary.removes_own_leaf {
                    assert!(!after.is_active, "{place}");
                    followed.removals += 1;
                    return;
                }
                let expected = &authenticators[&(group_id.to_string(), epoch + 1)];
                assert_eq!(after.authenticator, expected.parse::<EpochAuthenticator>().unwrap(), "{place}");
                followed.commits += 1;
            }
            Processed::Own if text(&message["parsed"], "content_type") == "commit" => {
                followed.ended_by_own_commit += 1;
                return;
            }
            Processed::Own => followed.own_messages += 1,
            Processed::Proposal { .. } => panic!("{place}: a proposal"),
        }
        store(&mut stored, session);
    }
}

/// The message as the official client of that name stored it, or else as any other one did.
fn seen_by<'a>(message: &'a Value, name: &str) -> &'a Value {
    let decrypted = message["decrypted"].as_object().unwrap();
    decrypted.get(name).or_else(|| decrypted.values().next()).unwrap()
}

fn check_content(group_id: GroupId, plaintext: &[u8], seen: &Value, place: &str) {
    let envelope = PlaintextEnvelope::decode(plaintext).unwrap();
    assert_eq!(envelope.content, bytes(seen, "decrypted_message_bytes"), "{place}");
    assert_eq!(envelope.message_id(group_id).to_string(), text(seen, "id"), "{place}");
}

fn store(rows: &mut MlsRows, mut session: Box<dyn MlsSession>) {
    for change in session.take_changes(Keep::All).unwrap() {
        match change.value {
            Some(value) => rows.insert(change.key, value),
            None => rows.remove(&change.key),
        };
    }
}
