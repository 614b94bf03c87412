use super::operation::Operation;

/// The number of attempts to run a script without some of its operations.
const TRIES: usize = 300;

/// Leaves out the operations that the difference at the last one does not need.
pub(super) fn shrunk(script: &[Operation], differs: &mut dyn FnMut(&[Operation]) -> bool) -> Vec<Operation> {
    let mut short = script.to_vec();
    if !differs(&short) {
        // The difference does not come each time, so no operation can be left out.
        return short;
    }
    let mut tries = 0;
    let mut piece = short.len() / 2;
    while piece > 0 {
        let mut at = 0;
        // The last operation stays.
        while at + 1 < short.len() && tries < TRIES {
            let end = (at + piece).min(short.len() - 1);
            let without: Vec<_> = short.iter().take(at).chain(short.iter().skip(end)).cloned().collect();
            tries += 1;
            if differs(&without) {
                short = without;
            } else {
                at = end;
            }
        }
        piece /= 2;
    }
    short
}

pub(super) fn text(operation: &Operation) -> String {
    format!("{operation:?}")
}
