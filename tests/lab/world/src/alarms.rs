//! The states of CloudWatch alarms, as far as deployments watch them.

use std::collections::BTreeSet;

use crate::call::Place;

/// Alarms that are in the state ALARM.
#[derive(Debug, Default)]
pub(crate) struct Alarms {
    on: BTreeSet<(Place, String)>,
}

impl Alarms {
    pub(crate) fn set(&mut self, place: &Place, name: &str, on: bool) {
        let key = (place.clone(), name.to_owned());
        if on {
            self.on.insert(key);
        } else {
            self.on.remove(&key);
        }
    }

    pub(crate) fn is_on(&self, place: &Place, name: &str) -> bool {
        self.on.contains(&(place.clone(), name.to_owned()))
    }
}
