//! `pull`

use cid::Cid;
use namesys::ipfs::{CarBlocks, ROOT_FOLDER};
use namesys::keys::OwnKeys;
use namesys::publish::{KEPT_TREE, TemporaryCar, Witnesses};
use namesys::published::Prefer;
use namesys::pull::{PullError, PullRequest, TreeSource, pull};
use namesys::workspace::{Facts, Stop};

use super::commands::{Published, wanted};
use super::files::Files;
use super::mind::{Whose, check_pull, has_conflict};
use super::network::{Chance, Doors, End, Fate};
use super::world::{Fault, Seat, World, parse};

impl World {
    /// `pull`; `cut` ends it after so many of the things it writes.
    pub async fn pull(
        &mut self,
        seat: &mut Seat,
        whose: Whose,
        chance: Chance,
        cut: Option<usize>,
    ) -> Result<Published, Fault> {
        let (workspace, name) = (seat.workspace(), self.keys.ipns.name());
        let lock = workspace.lock().unwrap();
        let mut config = workspace.config().unwrap();
        let car = TemporaryCar::new_in(&workspace.temporary_dir().unwrap()).unwrap();
        let here = self.here(seat, &car);
        let Doors { publishers, gateways, events, .. } = self.doors();
        let errand = seat.errand();
        let own_keys = OwnKeys::default();
        let kept = CarBlocks::open(&workspace.dir().join(KEPT_TREE)).ok();
        let disk = here.and_then(|_| CarBlocks::open(car.path()).ok()).into_iter().chain(kept);
        let request = PullRequest {
            workspace: &workspace,
            config: &config,
            witnesses: Witnesses { name: &name, publishers: &publishers, gateways: &gateways },
            source: TreeSource {
                http: self.http.clone(),
                servers: vec![self.gateway.clone()].into(),
                name: config.name().clone(),
                disk: disk.collect(),
            },
            here,
            facts: Facts::of(&config),
            own_keys: &own_keys,
            prefer: match whose {
                Whose::Nobodys => None,
                Whose::Ours => Some(Prefer::Ours),
                Whose::Theirs => Some(Prefer::Theirs),
            },
            partial: false,
            stop: Stop::default(),
        };
        let came = self.drive(None, &errand, false, (events, chance), pull(request)).await?;
        let End::Came(came) = came else { return Ok(Published::Killed) };
        let may_fail = chance.is_some_and(|(_, fate)| fate == Fate::Fail);
        let mut pulled = match came {
            Ok(pulled) => pulled,
            Err(PullError::NothingPublished { .. }) if self.out.is_empty() => {
                return Ok(Published::Failed);
            }
            Err(PullError::NothingPublished { .. } | PullError::Silent(_)) if may_fail => {
                return Ok(Published::Failed);
            }
            Err(_) if self.mutation.is_some() => return Ok(Published::Failed),
            Err(error) => return Err(format!("{}: pull: {error}", seat.who)),
        };
        self.count("pull");
        let files = self.content(&seat.dir);
        let seen = self.out.iter().rev();
        let seen = seen.clone().find(|edition| {
            (edition.tree.root, edition.tree.sequence) == (pulled.root, pulled.sequence)
        });
        let Some(seen) = seen.cloned() else {
            return Err(format!("{} pulled what nobody published: {}", seat.who, pulled.root));
        };
        if !pulled.conflicts().is_empty() {
            self.count("pull: conflict");
            let texts: Vec<_> = pulled.conflicts().iter().map(|c| c.path.clone()).collect();
            self.note(format!("  conflicts: {texts:?}"));
            return match whose == Whose::Nobodys && has_conflict(&errand, &seen, &files) {
                true => Ok(Published::Refused),
                false => Err(format!("{}: conflicts where there are none: {texts:?}", seat.who)),
            };
        }
        if !self.is_at_rest && self.random.one_in(20) {
            self.edit_meanwhile(seat)?;
            return match pulled.write(&workspace, &mut config) {
                Err(PullError::Edited) => {
                    drop(lock);
                    self.check_wanted(seat)?;
                    Ok(Published::Killed)
                }
                other => Err(format!("{}: an edited records.toml: {other:?}", seat.who)),
            };
        }
        let before = Files::of(&seat.dir);
        pulled.write(&workspace, &mut config).map_err(|error| format!("{}: {error}", seat.who))?;
        drop(lock);
        check_pull(&errand, &seen, &wanted(seat), whose)?;
        let is_cut = cut.is_some_and(|keep| before.cut(&seat.dir, keep));
        seat.mind.wanted = wanted(seat);
        if is_cut {
            self.note(format!("  cut after {cut:?}"));
            self.count("pull: cut");
            return Ok(Published::Killed);
        }
        seat.mind.see(seen.tree);
        Ok(Published::Yes)
    }

    /// Somebody sets a record in an editor.
    fn edit_meanwhile(&mut self, seat: &mut Seat) -> Result<(), Fault> {
        self.count("pull: edited");
        let record = self.own_record(seat);
        let value = self.some_value(&parse(record.0, record.1).1);
        self.note(format!("  {} edits {record:?} {value}", seat.who));
        self.set_unlocked(seat, record, Some(&value));
        self.check_wanted(seat)
    }

    /// What is here, packed.
    fn here(&mut self, seat: &Seat, car: &TemporaryCar) -> Option<Cid> {
        if !seat.dir.join(".well-known").exists() {
            if !seat.dir.join(ROOT_FOLDER).exists() {
                return None;
            }
            std::fs::create_dir(seat.dir.join(".well-known")).unwrap();
        }
        Some(self.pack(seat, car))
    }
}
