//! Each scenario ends as it says, without faults.

use towpath_simulation::enumerate::Baseline;
use towpath_simulation::scenarios;

#[test]
fn scenarios_end_as_they_say() {
    let mut wrong = Vec::new();
    for scenario in scenarios::all() {
        let baseline = Baseline::of(scenario);
        let name = &baseline.scenario.name;
        println!("{name}: {} calls", baseline.calls());
        let problems = baseline.problems();
        wrong.extend(problems.iter().map(|problem| format!("{name}: {problem}")));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}
