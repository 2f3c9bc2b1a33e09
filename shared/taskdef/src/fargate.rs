//! The sizes of task that Fargate offers.
//!
//! From [the documentation](https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task-cpu-memory-error.html),
//! which is the same as
//! [RegisterTaskDefinition's](https://docs.aws.amazon.com/AmazonECS/latest/APIReference/API_RegisterTaskDefinition.html).
//! Windows needs at least one vCPU and has no more than four.

use std::fmt;

/// The memory that goes with one number of CPU units; all figures in MiB.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size {
    pub(crate) cpu: u64,
    least: u64,
    most: u64,
    step: u64,
}

/// The offered sizes. 256 CPU units have 512 MiB beside the multiples of 1024.
pub(crate) const SIZES: [Size; 7] = [
    size(256, 512, 2048, 1024),
    size(512, 1024, 4096, 1024),
    size(1024, 2048, 8192, 1024),
    size(2048, 4096, 16384, 1024),
    size(4096, 8192, 30720, 1024),
    size(8192, 16384, 61440, 4096),
    size(16384, 32768, 122_880, 8192),
];

/// The CPU units that Windows tasks can have.
const WINDOWS: std::ops::RangeInclusive<u64> = 1024..=4096;

const fn size(cpu: u64, least: u64, most: u64, step: u64) -> Size {
    Size {
        cpu,
        least,
        most,
        step,
    }
}

/// The size with this many CPU units, if Fargate has one for the operating system.
pub(crate) fn of(cpu: u64, is_windows: bool) -> Option<Size> {
    SIZES
        .into_iter()
        .find(|size| size.cpu == cpu && (!is_windows || WINDOWS.contains(&cpu)))
}

/// All CPU units on offer, for a message.
pub(crate) fn offered(is_windows: bool) -> String {
    let offered: Vec<_> = SIZES
        .iter()
        .filter(|size| !is_windows || WINDOWS.contains(&size.cpu))
        .map(|size| size.cpu.to_string())
        .collect();
    offered.join(", ")
}

impl Size {
    /// Whether this much memory, in MiB, goes with it.
    pub(crate) fn takes(self, memory: u64) -> bool {
        memory == self.least
            || ((self.least..=self.most).contains(&memory) && memory.is_multiple_of(self.step))
    }
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            least, most, step, ..
        } = self;
        if least.is_multiple_of(*step) {
            write!(f, "{least} to {most} in steps of {step}")
        } else {
            write!(f, "{least}, or {step} to {most} in steps of {step}")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The documented table, written out: CPU units and each memory size in GB, 0 for 512 MiB.
    #[test]
    fn the_table_is_the_documented_one() {
        let documented: [(u64, Vec<u64>); 7] = [
            (256, vec![0, 1, 2]),
            (512, (1..=4).collect()),
            (1024, (2..=8).collect()),
            (2048, (4..=16).collect()),
            (4096, (8..=30).collect()),
            (8192, (16..=60).step_by(4).collect()),
            (16384, (32..=120).step_by(8).collect()),
        ];
        for (cpu, gigabytes) in documented {
            let size = of(cpu, false).expect("an offered size");
            let expected: Vec<u64> = gigabytes
                .into_iter()
                .map(|gb| if gb == 0 { 512 } else { gb * 1024 })
                .collect();
            let taken: Vec<u64> = (0..=200 * 1024)
                .step_by(128)
                .filter(|&mib| size.takes(mib))
                .collect();
            assert_eq!(taken, expected, "{cpu}");
        }
        assert_eq!(of(128, false), None);
        assert_eq!(of(32768, false), None);
    }

    #[test]
    fn windows_has_one_to_four_vcpus() {
        assert_eq!(offered(true), "1024, 2048, 4096");
        assert_eq!(of(512, true), None);
        assert_eq!(
            of(256, false).map(|size| size.to_string()).as_deref(),
            Some("512, or 1024 to 2048 in steps of 1024")
        );
    }
}
