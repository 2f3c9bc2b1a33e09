//! Scenarios: what people do, and when, over some pipelines. What becomes of that without faults is
//! known, so that a fault can be held against it.

use jiff::SignedDuration;
use towpath_core::pipeline::{EngineSettings, Pipeline};
use towpath_core::release::{Outcome, ScalingState};
use towpath_lab_world::Behaviour;

use crate::deliver::Delivery;

/// What happens in a story besides what the deployer and AWS do.
#[derive(Debug, Clone)]
pub struct Scenario {
    pub name: String,
    pub(crate) pipelines: Vec<Pipeline>,
    /// How auto scaling is suspended at first.
    pub(crate) scaling: ScalingState,
    /// What people do, one after the other.
    pub(crate) cues: Vec<Cue>,
    /// How releases end without faults, in the order in which they were pushed.
    pub ends: Vec<Outcome>,
    /// How else they may end, where it depends on who comes first: a fault may change that.
    pub(crate) or: Vec<Vec<Outcome>>,
}

/// Something that is done once a sign is seen, after all that comes before it.
#[derive(Debug, Clone)]
pub(crate) struct Cue {
    pub(crate) sign: Sign,
    pub(crate) act: Act,
}

/// What people see of the world.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Sign {
    Now,
    /// So long after what was done before.
    After(SignedDuration),
    /// An operation of AWS was carried out so often.
    Called(&'static str, usize),
    /// So many approvals were asked for.
    Asked(usize),
    /// Something new takes production traffic in a cluster.
    Serves(&'static str),
    /// Nothing goes on before somebody does something.
    Quiet,
}

/// What people do.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Nothing yet.
    Wait,
    Push(&'static str, Behaviour),
    /// The image of another tag is pushed again, under a new one.
    PushAgain {
        tag: &'static str,
        of: &'static str,
    },
    /// A person clicks the newest button.
    Approve(&'static str),
    Reject(&'static str),
    RollBack(&'static str),
    /// The newest request is answered by message.
    ApproveByMessage,
    /// Somebody sends the same again.
    Again(Delivery),
    /// The image of a tag is vetoed.
    Veto(&'static str),
    /// The first stage is put on hold, or let go on.
    Hold,
    LiftHold,
    EditByHand,
    TurnAlarm,
    /// Something happens to the pushes of which nobody has heard yet.
    Pushes(Post),
    /// The pipelines are applied anew.
    Apply(Vec<Pipeline>),
    /// From now on an operation is refused, or no longer.
    Refuse(&'static str),
    Grant(&'static str),
    /// Somebody deploys by CodeDeploy what is there already.
    TakeGroup,
}

/// What becomes of events on their way.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Post {
    Twice,
    Lost,
    Reordered,
    /// They are kept back, and come later.
    Kept,
    Comes,
}

impl Scenario {
    pub(crate) fn of(name: &str, pipeline: Pipeline) -> Self {
        Self {
            name: name.to_owned(),
            pipelines: vec![pipeline],
            scaling: ScalingState::default(),
            cues: Vec::new(),
            ends: Vec::new(),
            or: Vec::new(),
        }
    }

    /// Then somebody does something.
    pub(crate) fn then(self, act: Act) -> Self {
        self.when(Sign::Now, act)
    }

    /// Somebody does something at a sign.
    pub(crate) fn when(mut self, sign: Sign, act: Act) -> Self {
        self.cues.push(Cue { sign, act });
        self
    }

    /// So it ends without faults.
    pub(crate) fn ends(mut self, ends: &[Outcome]) -> Self {
        self.ends = ends.to_vec();
        self
    }

    /// So it may end, too, if a fault changes who comes first.
    pub(crate) fn or(mut self, ends: &[Outcome]) -> Self {
        self.or.push(ends.to_vec());
        self
    }

    /// Whether ECS moves traffic anywhere.
    pub(crate) fn has_native_stage(&self) -> bool {
        let mut stages = self.pipelines.iter().flat_map(|it| &it.stages);
        stages.any(|stage| matches!(stage.engine, EngineSettings::Ecs(_)))
    }

    /// Whether everything that is pushed is good, and nobody stops it.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.ends.iter().all(|end| *end == Outcome::Succeeded)
    }
}
