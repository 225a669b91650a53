//! The lock: what this process gives up before libav reads a byte.
//!
//! Landlock takes away all files but those of the request, and TCP; seccomp takes away sockets, programs and what
//! reaches into the kernel; limits bound CPU, memory and the size of files. Nothing here needs root.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use kinora_order::{Fault, Landlock, Limits, Order, Sandbox};
use landlock::{
    ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, Ruleset, RulesetAttr,
    RulesetCreatedAttr, RulesetError, RulesetStatus, Scope, path_beneath_rules,
};
use nix::sys::prctl;
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::Signal;
use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, apply_filter_all_threads};

use crate::fault::Trouble;

/// What the filter asks of Landlock: files, truncation, TCP, signals and abstract sockets (Linux 6.12).
const LANDLOCK: ABI = ABI::V6;

/// The most files a process has open at a time.
const FILES_MAX: u64 = 256;

/// System calls that no transcoder needs. A deny-list: an allow-list breaks with each libc and encoder.
const DENIED: &[libc::c_long] = &[
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_connect,
    libc::SYS_bind,
    libc::SYS_listen,
    libc::SYS_accept,
    libc::SYS_accept4,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_sendmmsg,
    libc::SYS_execve,
    libc::SYS_execveat,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_pidfd_getfd,
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_open_by_handle_at,
    libc::SYS_name_to_handle_at,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_keyctl,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_kill,
];

/// The files a request needs.
#[derive(Debug, Default)]
pub(crate) struct Reach {
    read: Vec<PathBuf>,
    write: Vec<PathBuf>,
}

impl Reach {
    /// What an order names. Scratch folders are made here, since only what exists can be named to Landlock.
    pub(crate) fn of(order: &Order) -> Result<Self, Trouble> {
        let folder = |path: &Path| path.parent().map(Path::to_path_buf).into_iter();
        Ok(match order {
            Order::Probe { input } => Self { read: vec![input.clone()], write: Vec::new() },
            Order::Remux { input, scratch, .. } => Self::scratch(input, scratch)?,
            Order::Encode(order) => Self::scratch(&order.input, &order.scratch)?,
            Order::Image { input, sizes, .. } => Self {
                read: vec![input.clone()],
                write: sizes.iter().flat_map(|size| folder(&size.output)).collect(),
            },
            Order::Join { parts, output } => {
                if parts.is_empty() {
                    return Err(Trouble::failed(Fault::BadRequest, "nothing to join"));
                }
                let mut read: Vec<_> = parts.iter().flat_map(|part| folder(part)).collect();
                read.sort();
                read.dedup();
                Self { read, write: folder(output).collect() }
            }
        })
    }

    fn scratch(input: &Path, scratch: &Path) -> Result<Self, Trouble> {
        fs::create_dir_all(scratch)?;
        Ok(Self { read: vec![input.to_path_buf()], write: vec![scratch.to_path_buf()] })
    }
}

/// Bounds what the process may use, and lets it die with the node.
pub(crate) fn limit(limits: &Limits) -> nix::Result<()> {
    prctl::set_pdeathsig(Signal::SIGKILL)?;
    setrlimit(Resource::RLIMIT_CORE, 0, 0)?;
    setrlimit(Resource::RLIMIT_NOFILE, FILES_MAX, FILES_MAX)?;
    setrlimit(Resource::RLIMIT_CPU, limits.cpu_s_max, limits.cpu_s_max)?;
    setrlimit(Resource::RLIMIT_AS, limits.memory_bytes_max, limits.memory_bytes_max)?;
    setrlimit(Resource::RLIMIT_FSIZE, limits.file_bytes_max, limits.file_bytes_max)?;
    if limits.nice > 0 {
        #[expect(unsafe_code, reason = "no crate in use wraps setpriority")]
        // SAFETY: plain numbers go in; a refusal is harmless.
        unsafe {
            libc::setpriority(libc::PRIO_PROCESS, 0, i32::from(limits.nice));
        }
    }
    Ok(())
}

/// Locks the process in as far as this kernel can, and says how far that is.
pub(crate) fn enter(reach: &Reach) -> Sandbox {
    let landlock = match restrict(reach) {
        Ok(RulesetStatus::FullyEnforced) => Landlock::Full,
        Ok(RulesetStatus::PartiallyEnforced) => Landlock::Partial,
        Ok(RulesetStatus::NotEnforced) | Err(_) => Landlock::None,
    };
    // Landlock's set-up needs no call that the filter denies, so the filter can come last and cover all threads.
    Sandbox {
        landlock,
        seccomp: filter().is_some_and(|program| apply_filter_all_threads(&program).is_ok()),
    }
}

fn restrict(reach: &Reach) -> Result<RulesetStatus, RulesetError> {
    let status = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?
        .add_rules(path_beneath_rules(
            &reach.read,
            AccessFs::from_read(LANDLOCK) & !AccessFs::Execute,
        ))?
        .add_rules(path_beneath_rules(
            &reach.write,
            AccessFs::from_all(LANDLOCK) & !AccessFs::Execute,
        ))?
        .restrict_self()?;
    Ok(status.ruleset)
}

fn filter() -> Option<BpfProgram> {
    let denied: BTreeMap<i64, Vec<_>> = DENIED.iter().map(|call| (*call, Vec::new())).collect();
    let errno = u32::try_from(libc::EPERM).ok()?;
    let arch = std::env::consts::ARCH.try_into().ok()?;
    let filter =
        SeccompFilter::new(denied, SeccompAction::Allow, SeccompAction::Errno(errno), arch);
    filter.ok()?.try_into().ok()
}
