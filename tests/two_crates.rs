//! A declared event that aggregates of two crates handle.

use es_runtime::{Application, Wait, aggregate, mutator, projection};
use es_tests::{Installed, Pinged, Pings, Server};

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

/// The last pings of the routers.
#[derive(Default)]
struct Last {
    by: Vec<String>,
}

#[projection(Router, ignore = [Installed, discarded])]
impl Last {
    #[event]
    fn pinged(&mut self, pinged: &Pinged) {
        self.by.push(pinged.by.clone());
    }
}

#[test]
fn two_crates_have_projections_and_each_sees_the_shared_events_of_its_aggregates() {
    let app = Application::open("memory:").wait().unwrap();
    let (pings, last) = (app.project(Pings::default()).in_memory(), app.project(Last::default()).in_memory());
    let (pings, last) = (pings.start().wait().unwrap(), last.start().wait().unwrap());
    let mut server = Server::create_from(Installed {});
    let mut router = Router::create_from(Installed {});
    (0..2).for_each(|_| server.trigger(Pinged { by: "Bob".into() }));
    router.trigger(Pinged { by: "Ann".into() });
    app.save((&mut server, &mut router)).wait().unwrap();
    pings.drain().wait().unwrap();
    last.drain().wait().unwrap();
    assert_eq!(pings.read(|view| view.pings), 2);
    assert_eq!(last.read(|view| view.by.clone()), ["Ann"]);
}
