//! Many writers and readers work at the same time.

use std::future::{Future, poll_fn};
use std::sync::{Barrier, Mutex, PoisonError};
use std::task::Poll;
use std::thread;

use super::samples::{event, new_id, sequence, under};
use super::store::{Store, accepted, refused};
use crate::recorder::{AggregateRecorder, Commit};

/// Many threads save at the same time, each its own aggregates: the store keeps everything and reports no error.
pub fn many_writers_are_all_served<R: AggregateRecorder>(store: &Store<R>) {
    let ids = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..10 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let id = new_id();
                    store.save(sequence(id, 1..=100));
                    ids.lock().unwrap_or_else(PoisonError::into_inner).push(id);
                }
            });
        }
    });
    let ids = ids.into_inner().unwrap_or_else(PoisonError::into_inner);
    assert_eq!(ids.len(), 100);
    for id in ids {
        assert_eq!(store.all(id), sequence(id, 1..=100), "the events that one of ten writers saved");
    }
}

/// Of two rivals that save the same version at the same time one wins, and the other gets a conflict.
pub fn of_two_rivals_one_wins<R: AggregateRecorder>(store: &Store<R>) {
    race(store, 2);
}

/// Of sixteen rivals that save the same version at the same time one wins, and the others get a conflict.
pub fn of_sixteen_rivals_one_wins<R: AggregateRecorder>(store: &Store<R>) {
    race(store, 16);
}

fn race<R: AggregateRecorder>(store: &Store<R>, rivals: u64) {
    const ROUNDS: u64 = 50;
    let id = new_id();
    let barrier = Barrier::new(usize::try_from(rivals).unwrap_or_default());
    let won = thread::scope(|scope| {
        let rival = |number: u64| {
            let (store, barrier) = (&store, &barrier);
            scope.spawn(move || {
                let mut won = Vec::new();
                for round in 1..=ROUNDS {
                    // Each rival has to come to each round, or the others wait for ever.
                    barrier.wait();
                    let commit = Commit::new(vec![under(id, round, number.to_string()), event(new_id(), 1)]);
                    won.push(store.append(commit).map_err(|error| error.as_conflict().is_some()));
                }
                won
            })
        };
        let rivals: Vec<_> = (0..rivals).map(rival).collect();
        rivals
            .into_iter()
            .map(|rival| rival.join().unwrap_or_else(|_| panic!("a save panicked")))
            .collect::<Vec<_>>()
    });
    let stored = store.all(id);
    assert_eq!(stored.len() as u64, ROUNDS, "one event is stored in each round");
    for (round, stored) in stored.iter().enumerate() {
        let winners: Vec<_> = (0..won.len()).filter(|rival| won[*rival][round].is_ok()).collect();
        assert_eq!(winners.len(), 1, "round {round}: of {rivals} rivals these won: {winners:?}");
        assert_eq!(*stored.topic, winners[0].to_string(), "round {round}: the event of a loser is stored");
        let conflicts = won.iter().filter(|rival| matches!(rival[round], Err(true))).count() as u64;
        assert_eq!(conflicts, rivals - 1, "round {round}: as many writers got a conflict");
    }
}

/// Two commits that cross both end: one holds events of A and B, the other of B and A. The store keeps one and refuses
/// the other with a conflict.
pub fn commits_that_cross_both_end<R: AggregateRecorder>(store: &Store<R>) {
    const ROUNDS: u64 = 40;
    let ids = [new_id(), new_id()];
    let barrier = Barrier::new(4);
    let answers: Vec<_> = thread::scope(|scope| {
        let rival = |turned: bool| {
            let (store, barrier) = (&store, &barrier);
            scope.spawn(move || {
                let mut answers = Vec::new();
                for round in 1..=ROUNDS {
                    let mut events = ids.map(|id| event(id, round)).to_vec();
                    if turned {
                        events.reverse();
                    }
                    barrier.wait();
                    answers.push(store.append(Commit::new(events)));
                }
                answers
            })
        };
        let rivals = [false, true, false, true].map(rival);
        rivals
            .into_iter()
            .flat_map(|rival| rival.join().unwrap_or_else(|_| panic!("a save panicked")))
            .collect()
    });
    let lost: Vec<_> = answers.into_iter().filter_map(Result::err).collect();
    assert_eq!(lost.len() as u64, 3 * ROUNDS, "of four commits that cross, three lose in each round");
    for error in lost {
        assert!(error.as_conflict().is_some(), "a commit that crosses another ends in {error}");
    }
    for id in ids {
        assert_eq!(store.all(id), sequence(id, 1..=ROUNDS), "the events that crossing commits have stored");
    }
}

/// A refused save harms no other save that runs at the same time.
pub fn a_refused_save_harms_no_other<R: AggregateRecorder>(store: &Store<R>) {
    let taken = new_id();
    store.save([event(taken, 1)]);
    let barrier = Barrier::new(8);
    let left = thread::scope(|scope| {
        let writer = |number: u64| {
            let (store, barrier) = (&store, &barrier);
            scope.spawn(move || {
                let id = new_id();
                let answers: Vec<_> = (1..=30)
                    .map(|round| {
                        barrier.wait();
                        let mut events = vec![event(id, 2 * round), event(id, 2 * round + 1)];
                        if number.is_multiple_of(2) {
                            events.insert(usize::from(round % 2 == 0) * 2, event(taken, 1));
                        }
                        store.append(Commit::new(events))
                    })
                    .collect();
                (id, number, answers)
            })
        };
        let writers: Vec<_> = (0..8).map(writer).collect();
        writers
            .into_iter()
            .map(|writer| writer.join().unwrap_or_else(|_| panic!("a save panicked")))
            .collect::<Vec<_>>()
    });
    for (id, number, answers) in left {
        for answer in answers {
            if number % 2 == 0 {
                refused(answer);
            } else {
                accepted(answer, "a good save beside refused ones");
            }
        }
        let expected = if number % 2 == 0 { Vec::new() } else { sequence(id, 2..=61) };
        assert_eq!(store.all(id), expected, "the stored events of writer {number}");
    }
}

/// Every caller sees an acknowledged commit at once.
pub fn an_acknowledged_commit_is_there_for_all<R: AggregateRecorder>(store: &Store<R>) {
    let latest = Mutex::new(None);
    thread::scope(|scope| {
        for _ in 0..6 {
            scope.spawn(|| {
                for _ in 0..40 {
                    let id = new_id();
                    store.save(sequence(id, 1..=2));
                    assert_eq!(store.all(id).len(), 2, "a writer does not read what it saved");
                    let other = latest.lock().unwrap_or_else(PoisonError::into_inner).replace(id);
                    if let Some(other) = other {
                        assert_eq!(
                            store.all(other).len(),
                            2,
                            "the events that another thread saved before are not there"
                        );
                    }
                }
            });
        }
    });
}

/// One thread may have many saves and reads under way.
pub fn one_thread_has_many_under_way<R: AggregateRecorder>(store: &Store<R>) {
    let ids: Vec<_> = (0..600).map(|_| new_id()).collect();
    let saves = ids.iter().map(|id| store.recorder().append(Commit::new(sequence(*id, 1..=2))));
    for saved in store.way().run(all(saves)) {
        accepted(saved, "one of 600 saves of one thread");
    }
    let reads = ids.iter().map(|id| store.recorder().select(*id, crate::recorder::EventRange::all()));
    for (id, read) in ids.iter().zip(store.way().run(all(reads))) {
        let events = accepted(read, "one of 600 reads of one thread").events;
        assert!(sequence(*id, 1..=2).starts_with(&events) && !events.is_empty(), "one of 600 reads");
    }
}

/// Returns all outputs once the last future is ready.
fn all<F: Future>(futures: impl Iterator<Item = F>) -> impl Future<Output = Vec<F::Output>> {
    let mut futures: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    poll_fn(move |context| {
        for (future, output) in futures.iter_mut().filter(|(_, output)| output.is_none()) {
            if let Poll::Ready(made) = future.as_mut().poll(context) {
                *output = Some(made);
            }
        }
        if futures.iter().any(|(_, output)| output.is_none()) {
            return Poll::Pending;
        }
        Poll::Ready(futures.drain(..).filter_map(|(_, output)| output).collect())
    })
}
