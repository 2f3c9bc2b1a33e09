//! Auto scaling is left as its owner wants it (I8): suspended in the ways in which it was before, or in
//! which somebody has suspended it since, and with the same bounds.

use std::collections::BTreeMap;

use towpath_core::release::{ScalableTarget, ServiceId};

/// How their owners want the targets.
#[derive(Debug, Default)]
pub(crate) struct Scaling {
    wanted: BTreeMap<ServiceId, ScalableTarget>,
}

impl Scaling {
    /// The owner of a service wants its auto scaling to be so.
    pub(super) fn wants(&mut self, service: &ServiceId, target: ScalableTarget) {
        self.wanted.insert(service.clone(), target);
    }

    /// What does not hold of a target that was set by the deployer.
    pub(super) fn set(&self, service: &ServiceId, target: &ScalableTarget) -> Option<String> {
        let wanted = self.wanted.get(service)?;
        let bounds = |it: &ScalableTarget| (it.least, it.most);
        (bounds(target) != bounds(wanted)).then(|| {
            format!("I8: the bounds of {service} are {target:?}, and were to be {wanted:?}")
        })
    }

    /// What does not hold of a target at rest. Where AWS refuses to put it back people are told so, and
    /// do it themselves.
    pub(super) fn rests(
        &self,
        service: &ServiceId,
        target: Option<&ScalableTarget>,
        told_otherwise: bool,
    ) -> Option<String> {
        let wanted = self.wanted.get(service)?;
        let is_so = target.is_some_and(|it| it.state == wanted.state);
        (!is_so && !told_otherwise)
            .then(|| format!("I8: {service} rests with {target:?}, and its owner wants {wanted:?}"))
    }
}

#[cfg(test)]
mod tests {
    use towpath_core::release::ScalingState;

    use super::*;
    use crate::judge::sample::service;

    fn target(dynamic_in: bool, most: u32) -> ScalableTarget {
        ScalableTarget {
            state: ScalingState {
                dynamic_in,
                ..ScalingState::default()
            },
            least: 1,
            most,
        }
    }

    #[test]
    fn what_is_left_otherwise_than_its_owner_wants_it_is_found() {
        let mut scaling = Scaling::default();
        scaling.wants(&service(), target(false, 4));
        let rests = |scaling: &Scaling, dynamic_in| {
            let target = target(dynamic_in, 4);
            scaling.rests(&service(), Some(&target), false)
        };
        assert_eq!(rests(&scaling, false), None);
        assert!(rests(&scaling, true).is_some());
        assert!(scaling.rests(&service(), None, false).is_some());
        assert_eq!(scaling.rests(&service(), None, true), None);
        // What somebody sets meanwhile is what is wanted.
        scaling.wants(&service(), target(true, 4));
        assert_eq!(rests(&scaling, true), None);
        assert!(rests(&scaling, false).is_some());
    }

    #[test]
    fn bounds_are_nobodys_to_change() {
        let mut scaling = Scaling::default();
        scaling.wants(&service(), target(false, 4));
        assert_eq!(scaling.set(&service(), &target(true, 4)), None);
        assert!(scaling.set(&service(), &target(true, 5)).is_some());
    }
}
