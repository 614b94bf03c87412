//! A declared event that aggregates of two crates handle.

use es_runtime::{Application, Wait, aggregate, mutator};
use es_tests::{Installed, Pinged, Server};

#[aggregate]
#[derive(Debug)]
struct Router {
    last: Option<String>,
}

#[mutator]
impl Router {
    #[event]
    fn installed(_: &Installed) -> Self {
        Self { last: None }
    }

    #[event]
    fn pinged(&mut self, pinged: &Pinged) {
        self.last = Some(pinged.by.clone());
    }
}

#[test]
fn aggregates_of_two_crates_handle_the_events_of_one() {
    let app = Application::open("memory:").wait().unwrap();
    let mut server = Server::create_from(Installed {});
    let mut router = Router::create_from(Installed {});
    let pinged = Pinged { by: "Ann".into() };
    server.trigger(pinged.clone());
    router.trigger(pinged);
    app.save((&mut server, &mut router)).wait().unwrap();
    assert_eq!(app.get(server.id()).wait().unwrap().pings, 1);
    assert_eq!(app.get(router.id()).wait().unwrap().last.as_deref(), Some("Ann"));
}
