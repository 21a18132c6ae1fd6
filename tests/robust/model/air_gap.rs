//! `publish --sign-only` and `publish --signed`.

use std::sync::Arc;

use jiff::Timestamp;
use namesys::publish::{
    Author, Enough, Parcel as Sent, ParcelScope, Permission, PublishRequest, Subject, TemporaryCar,
    Trees, dry_record, parcel_files, publish, sign_ahead, write_manifest,
};
use namesys::published::Judge;
use namesys::workspace::Removal;

use super::commands::{Published, TTL};
use super::mind::{Errand, Made};
use super::network::{Chance, Doors, End};
use super::world::{Fault, Parcel, Seat, World};

impl World {
    /// `publish --sign-only`
    pub fn sign_only(&mut self, seat: &mut Seat, number: usize) -> Result<(), Fault> {
        if !seat.dir.join(".well-known").is_dir() {
            return Ok(());
        }
        let workspace = seat.workspace();
        let _lock = workspace.lock().unwrap();
        let config = workspace.config().unwrap();
        self.values += 1;
        let dir = self.folder.path().join(format!("parcel-{}", self.values));
        std::fs::create_dir_all(&dir).unwrap();
        let unfinished = TemporaryCar::new_in(&dir).unwrap();
        let root = self.pack(seat, &unfinished);
        let key = self.keys.ipns.clone();
        let (validity, ttl) = (self.until().into(), TTL);
        let request = PublishRequest {
            workspace: Some(&workspace),
            name: key.name(),
            subject: Subject::Root(root),
            author: Author::Key { key: &key, validity, ttl, sequence: None },
            publishers: &[],
            gateways: &[],
            trees: None,
            permission: &Permission::default(),
            removal: Removal::Any,
            enough: Enough { require: 0, wait: None },
            now: Timestamp::now(),
            notice: &|_| (),
            waiting: &|_| (),
        };
        let (record, _) = dry_record(&request).map_err(|error| format!("{}: {error}", seat.who))?;
        let (car, file) = parcel_files(&dir, &root, record.name());
        unfinished.keep(&car).unwrap();
        let over = sign_ahead(&workspace, &record).unwrap();
        std::fs::write(&file, record.bytes()).unwrap();
        let wanted = workspace.records(&config).unwrap();
        let scope = ParcelScope::of(&workspace, config.names(), &wanted).unwrap();
        write_manifest(&dir, &scope, &root, &record, over.as_ref()).unwrap();
        let tree = self.tree_of(&record);
        let known =
            seat.mind.before(tree.sequence).map(|tree| tree.content.clone()).unwrap_or_default();
        let errand = Errand { over: Some(known), ..seat.errand() };
        let is_base = seat
            .mind
            .base
            .as_ref()
            .is_some_and(|base| (base.root, base.sequence) == (tree.root, tree.sequence));
        if !is_base {
            seat.mind.made.retain(|made| made.record != record);
            seat.mind.made.push(Made { record, tree, is_ahead: true });
        }
        self.parcels.push(Parcel { dir, seat: number, errand, root });
        Ok(())
    }

    /// `publish --signed`, in the workspace that signed it or outside any.
    pub async fn send(
        &mut self,
        mut seat: Option<&mut Seat>,
        parcel: Parcel,
        chance: Chance,
    ) -> Result<Published, Fault> {
        let sent = Sent::open(&parcel.dir, Timestamp::now());
        let sent = sent.map_err(|error| format!("{}: {error}", parcel.errand.who))?;
        let workspace = seat.as_ref().map(|seat| seat.workspace());
        let lock = workspace.as_ref().map(|workspace| workspace.lock().unwrap());
        let Doors { publishers, gateways, uploads, events } = self.doors();
        let (names, missing) = (sent.scope.names.clone(), sent.scope.missing.clone());
        let trees = Trees {
            http: self.http.clone(),
            servers: vec![self.gateway.clone()].into(),
            name: sent.name.clone(),
            workspace: workspace.clone(),
            judge: Arc::new(Judge::of_parcel(names, missing)),
            here: None,
        };
        let request = PublishRequest {
            workspace: workspace.as_ref(),
            name: *sent.record.name(),
            subject: Subject::Tree {
                car: &sent.car,
                root: sent.root,
                part: None,
                uploads: &uploads,
                progress: None,
            },
            author: Author::Signed { record: &sent.record, over: sent.over.as_slice() },
            publishers: &publishers,
            gateways: &gateways,
            trees: Some(&trees),
            permission: &Permission::default(),
            removal: Removal::Any,
            enough: Enough { require: 1, wait: None },
            now: Timestamp::now(),
            notice: &|_| (),
            waiting: &|_| (),
        };
        let command = publish(&request, lock);
        let came = self
            .drive(seat.as_deref_mut(), &parcel.errand, false, (events, chance), command)
            .await?;
        let End::Came(came) = came else { return Ok(Published::Killed) };
        let new = self.contents.get(&parcel.root).cloned();
        self.judge_end(seat, &parcel.errand, ("--signed", new), chance, came)
    }
}
