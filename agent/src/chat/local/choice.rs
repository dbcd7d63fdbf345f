//! Which of several language models a machine takes, and why. Pure: the caller says what there is.

use std::cmp::Reverse;

/// Billions of weights from which a model plans by itself: it is called with tools, without a small model's help.
pub const LARGE: f32 = 3.0;

/// What a machine has.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Machine {
    /// Bytes of memory.
    pub memory: u64,
    /// Cores that may be used.
    pub cores: usize,
    /// Whether there is a GPU that runs models.
    pub gpu: bool,
}

/// A model that could be taken.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Candidate {
    /// Its id.
    pub id: String,
    /// Billions of weights; 0 where that is not known.
    pub parameters: f32,
    /// Bytes of memory that it takes.
    pub memory: u64,
    /// Whether the user named it in the settings.
    pub own: bool,
    /// Whether its files are here.
    pub installed: bool,
    /// Whether they could be fetched.
    pub reachable: bool,
}

/// How a model suits a machine.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fit {
    /// It fits and is quick enough.
    Good,
    /// It fits, but answers slowly; what it would take to be quick.
    Slow(&'static str),
    /// It needs more memory than there is.
    TooLarge,
}

impl Machine {
    /// How a model suits this machine. The bounds leave room for what a system keeps of its memory for itself.
    pub fn fit(&self, candidate: &Candidate) -> Fit {
        const GB: u64 = 1_000_000_000;
        let (needed, quick) = match candidate.parameters {
            size if size < LARGE => ("", true),
            size if size < 7.0 => {
                ("8 cores and 12 GB of memory, or a GPU", self.gpu || self.cores >= 8 && self.memory >= 12 * GB)
            }
            _ => ("a GPU or 16 cores, and 24 GB of memory", (self.gpu || self.cores >= 16) && self.memory >= 24 * GB),
        };
        if candidate.memory > self.memory {
            Fit::TooLarge
        } else if quick {
            Fit::Good
        } else {
            Fit::Slow(needed)
        }
    }

    /// The candidates as this machine takes them, best first, by their places. The user's own come first, then what is
    /// installed; of those that suit the machine the largest, of the others the smallest.
    pub fn rank(&self, candidates: &[Candidate]) -> Vec<usize> {
        let key = |index: &usize| {
            let candidate = &candidates[*index];
            #[expect(clippy::cast_possible_truncation, reason = "thousandths of a billion")]
            let size = (candidate.parameters * 1000.0) as i64;
            let had = i64::from(!candidate.installed);
            match self.fit(candidate) {
                _ if candidate.own && candidate.installed => (0, 0, 0, 0),
                Fit::TooLarge => (2, had, 0, size),
                Fit::Good => (1, had, 0, -size),
                Fit::Slow(_) => (1, had, 1, size),
            }
        };
        let mut places: Vec<usize> = (0..candidates.len()).collect();
        // Stable: what is equal stays in the order given.
        places.sort_by_key(|index| (Reverse(candidates[*index].installed || candidates[*index].reachable), key(index)));
        places
    }

    /// Why a candidate is taken or left, in a few words.
    pub fn reason(&self, candidate: &Candidate) -> String {
        let here = format!(
            "{} cores, {:.0} GB of memory, {}",
            self.cores,
            self.memory as f64 / 1e9,
            if self.gpu { "a GPU" } else { "no GPU" }
        );
        let fit = match self.fit(candidate) {
            Fit::Good => format!("suits {here}"),
            Fit::Slow(needed) => format!("would be slow with {here}: it wants {needed}"),
            Fit::TooLarge => {
                format!("needs {:.1} GB of memory: too much for {here}", candidate.memory as f64 / 1e9)
            }
        };
        match candidate {
            Candidate { own: true, installed: true, .. } => "yours, from argus.toml".into(),
            Candidate { installed: true, .. } => format!("installed; {fit}"),
            Candidate { reachable: true, .. } => fit,
            _ => format!("{fit}; it cannot be fetched now"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GIB: u64 = 1 << 30;

    fn shelf() -> Vec<Candidate> {
        let entry = |id: &str, parameters: f32, memory: u64| Candidate {
            id: id.to_owned(),
            parameters,
            memory: memory * 1_000_000_000,
            reachable: true,
            ..Candidate::default()
        };
        vec![entry("small", 1.5, 2), entry("middle", 4.0, 5), entry("large", 8.2, 7)]
    }

    fn machine(cores: usize, gib: u64, gpu: bool) -> Machine {
        // A system keeps a part of what is built in.
        Machine { memory: gib * GIB - gib * GIB / 50, cores, gpu }
    }

    fn taken(machine: Machine, candidates: &[Candidate]) -> String {
        candidates[machine.rank(candidates)[0]].id.clone()
    }

    #[test]
    fn the_largest_that_is_quick_is_taken() {
        for (cores, memory, gpu, expected) in [
            (2, 24, false, "small"),
            (4, 8, false, "small"),
            (7, 64, false, "small"),
            (8, 8, false, "small"),
            (8, 12, false, "middle"),
            (12, 32, false, "middle"),
            (2, 8, true, "middle"),
            (16, 16, false, "middle"),
            (16, 24, false, "large"),
            (4, 32, true, "large"),
        ] {
            assert_eq!(taken(machine(cores, memory, gpu), &shelf()), expected, "{cores} cores, {memory} GiB, {gpu}");
        }
    }

    #[test]
    fn what_is_installed_and_fits_comes_before_what_must_be_fetched() {
        let mut shelf = shelf();
        shelf[0].installed = true;
        assert_eq!(taken(machine(16, 64, true), &shelf), "small");
        shelf[1].installed = true;
        assert_eq!(taken(machine(16, 64, true), &shelf), "middle");
        assert_eq!(taken(machine(2, 24, false), &shelf), "small");
        // Slow, but here.
        shelf[0].installed = false;
        assert_eq!(taken(machine(2, 24, false), &shelf), "middle");
        // Here, but too large: another is fetched.
        assert_eq!(taken(machine(2, 4, false), &shelf), "small");
    }

    #[test]
    fn what_cannot_be_had_comes_last_and_own_models_first() {
        let mut shelf = shelf();
        shelf[1].reachable = false;
        shelf[2].reachable = false;
        assert_eq!(taken(machine(16, 64, true), &shelf), "small");
        let mine = Candidate { id: "mine".into(), own: true, installed: true, ..Candidate::default() };
        shelf.push(mine);
        assert_eq!(taken(machine(2, 8, false), &shelf), "mine");
        shelf[3].installed = false;
        assert_eq!(taken(machine(2, 8, false), &shelf), "small");
        // Nothing fits: the smallest is tried.
        assert_eq!(taken(machine(1, 1, false), &shelf), "small");
    }

    #[test]
    fn reasons_name_the_machine_and_what_it_would_take() {
        let (shelf, machine) = (shelf(), machine(2, 24, false));
        assert_eq!(machine.reason(&shelf[0]), "suits 2 cores, 25 GB of memory, no GPU");
        assert_eq!(
            machine.reason(&shelf[1]),
            "would be slow with 2 cores, 25 GB of memory, no GPU: it wants 8 cores and 12 GB of memory, or a GPU"
        );
        let far = Candidate { reachable: false, memory: 90_000_000_000, ..shelf[2].clone() };
        assert_eq!(
            machine.reason(&far),
            "needs 90.0 GB of memory: too much for 2 cores, 25 GB of memory, no GPU; it cannot be fetched now"
        );
    }
}
