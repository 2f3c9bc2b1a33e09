//! Shifting test and production traffic.

use super::{Native, Strategy};
use crate::World;

impl Strategy {
    /// Green's share of production after the next step, and how many minutes it then bakes;
    /// nothing bakes at 100 percent.
    pub(super) fn next(self, current: f64) -> (f64, Option<u64>) {
        let (share, wait) = match self {
            Self::BlueGreen => (100.0, 0),
            Self::Linear { percent, minutes } => (current + percent, minutes),
            Self::Canary { percent, minutes } if current <= 0.0 => (percent, minutes),
            Self::Canary { .. } => (100.0, 0),
        };
        // Shares are multiples of a tenth; adding them up must not leave a crumb.
        let share = ((share * 10.0).round() / 10.0).min(100.0);
        (share, (share < 100.0).then_some(wait))
    }
}

/// Gives green this share of production traffic.
pub(super) fn shift_production(world: &mut World, deployment: &str, share: f64) {
    let Some(native) = super::get(world, deployment) else {
        return;
    };
    native.production_share = share;
    let listener = native.production.clone();
    apply(world, deployment, listener, share);
}

/// Gives green this share of test traffic.
pub(super) fn shift_test(world: &mut World, deployment: &str, share: f64) {
    let Some(native) = super::get(world, deployment) else {
        return;
    };
    native.test_share = share;
    let listener = native.test.clone();
    apply(world, deployment, listener, share);
}

fn apply(world: &mut World, deployment: &str, listener: Option<String>, share: f64) {
    let Some(Native {
        blue_group: Some(blue),
        green_group: Some(green),
        ..
    }) = super::get(world, deployment)
    else {
        return;
    };
    let weights = [(blue.clone(), 100.0 - share), (green.clone(), share)];
    if let Some(listener) = listener {
        world.elb.forward(&listener, &weights);
    }
}

#[cfg(test)]
mod tests {
    use super::Strategy;

    fn shares(strategy: Strategy) -> Vec<f64> {
        let mut shares = Vec::new();
        let mut current = 0.0;
        loop {
            let (share, wait) = strategy.next(current);
            shares.push(share);
            current = share;
            if wait.is_none() {
                return shares;
            }
        }
    }

    #[test]
    fn every_strategy_ends_at_exactly_everything() {
        assert_eq!(shares(Strategy::BlueGreen), [100.0]);
        assert_eq!(
            shares(Strategy::Canary {
                percent: 0.1,
                minutes: 1
            }),
            [0.1, 100.0]
        );
        assert_eq!(
            shares(Strategy::Linear {
                percent: 33.3,
                minutes: 1
            }),
            [33.3, 66.6, 99.9, 100.0]
        );
        assert_eq!(
            shares(Strategy::Linear {
                percent: 25.0,
                minutes: 0
            }),
            [25.0, 50.0, 75.0, 100.0]
        );
    }
}
