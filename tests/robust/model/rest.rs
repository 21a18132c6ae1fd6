//! Everybody comes to rest.

use super::commands::Published;
use super::mind::Whose;
use super::world::{Fault, Seat, World};

impl World {
    /// Two rounds of `pull --ours`, `sign`, `publish` make all agree, and a third spends no
    /// sequence.
    pub async fn rest(&mut self) -> Result<(), Fault> {
        self.is_at_rest = true;
        let ended = self.three_rounds().await;
        self.is_at_rest = false;
        ended
    }

    async fn three_rounds(&mut self) -> Result<(), Fault> {
        self.count("rest");
        self.note("at rest");
        let mut sequence = None;
        for round in 0..3 {
            for number in 0..self.seats.len() {
                let mut seat = self.seats[number].take().unwrap();
                self.note(format!("{} in round {round}", seat.who));
                let done = self.settle(&mut seat).await;
                self.seats[number] = Some(seat);
                done?;
            }
            let now = self.newest().map(|out| out.tree.sequence);
            if round == 2 && now != sequence {
                return Err(format!("at rest the sequence went from {sequence:?} to {now:?}"));
            }
            sequence = now;
        }
        let Some(out) = self.newest().cloned() else { return Ok(()) };
        for number in 0..self.seats.len() {
            let (dir, who) =
                self.seats[number].as_ref().map(|s| (s.dir.clone(), s.who.clone())).unwrap();
            let here = self.content(&dir);
            if here != out.tree.content {
                return Err(format!(
                    "at rest {who} has {here:?}, and {:?} is published",
                    out.tree.content
                ));
            }
        }
        Ok(())
    }

    async fn settle(&mut self, seat: &mut Seat) -> Result<(), Fault> {
        self.pull(seat, Whose::Ours, None, None).await?;
        self.sign(seat, None).await?;
        let published = self.publish(seat, false, None).await?;
        self.check_base(seat)?;
        self.check_wanted(seat)?;
        let is_empty = !seat.dir.join(".well-known").is_dir();
        match published {
            Published::Yes => Ok(()),
            Published::Failed if is_empty => Ok(()),
            other => Err(format!("{}: after a pull, publish is {other:?}", seat.who)),
        }
    }
}
