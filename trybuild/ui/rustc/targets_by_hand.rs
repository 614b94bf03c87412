use es_runtime::Error;
use es_runtime::application::{Application, Batch, Targets};

#[derive(Clone, Copy)]
struct Thief;

impl Targets for Thief {
    type Loaded = ();

    fn ids(self) -> Vec<(&'static str, uuid::Uuid)> {
        Vec::new()
    }

    async fn load(self, _: &Application) -> Result<(), Error> {
        Ok(())
    }

    fn batch(_: &mut ()) -> Batch<'_> {
        Batch::new()
    }

    fn places(_: &mut ()) -> Vec<Option<(uuid::Uuid, u64)>> {
        Vec::new()
    }
}

fn main() {}
