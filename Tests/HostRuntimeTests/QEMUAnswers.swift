@testable import HostRuntime

/// What real QEMUs answer: 7.2.22, and a newer one where it is named so. Only paths are other ones.
enum QEMUAnswers {
    /// `query-stats` for virtual processors, asked for the names that are kept, under KVM: the second processor first.
    static let processors = #"""
        [{"provider": "kvm", "stats": [{"name": "insn_emulation", "value": 0}, {"name": "irq_exits", "value": 0},
        {"name": "halt_exits", "value": 0}, {"name": "mmio_exits", "value": 0}, {"name": "io_exits", "value": 0},
        {"name": "exits", "value": 0}, {"name": "pf_fixed", "value": 3}, {"name": "pf_taken", "value": 0},
        {"name": "halt_wait_ns", "value": 0}, {"name": "halt_poll_fail_ns", "value": 0},
        {"name": "halt_poll_success_ns", "value": 0}], "qom-path": "/machine/unattached/device[2]"},
        {"provider": "kvm", "stats": [{"name": "insn_emulation", "value": 141662}, {"name": "irq_exits", "value": 7},
        {"name": "halt_exits", "value": 100}, {"name": "mmio_exits", "value": 5}, {"name": "io_exits", "value": 6},
        {"name": "exits", "value": 14219}, {"name": "pf_fixed", "value": 9}, {"name": "guest_mode", "value": false},
        {"name": "halt_wait_hist", "value": [0, 1, 97]}, {"name": "halt_wait_ns", "value": 769916987},
        {"name": "halt_poll_fail_ns", "value": 2}, {"name": "halt_poll_success_ns", "value": 1}],
        "qom-path": "/machine/unattached/device[0]"}]
        """#

    /// `query-cpus-fast`.
    static let processorList = #"""
        [{"thread-id": 16070, "props": {"core-id": 0, "thread-id": 0, "socket-id": 0},
        "qom-path": "/machine/unattached/device[0]", "cpu-index": 0, "target": "x86_64"},
        {"thread-id": 16071, "props": {"core-id": 0, "thread-id": 0, "socket-id": 1},
        "qom-path": "/machine/unattached/device[2]", "cpu-index": 1, "target": "x86_64"}]
        """#

    /// `query-stats` for the VM under KVM.
    static let machine = #"""
        [{"provider": "kvm", "stats": [{"name": "max_mmu_page_hash_collisions", "value": 0},
        {"name": "nx_lpage_splits", "value": 0}, {"name": "pages_4k", "value": 12}, {"name": "mmu_cache_miss", "value": 4},
        {"name": "remote_tlb_flush_requests", "value": 2}, {"name": "remote_tlb_flush", "value": 1}]}]
        """#

    /// Property `guest-stats` of a guest whose driver says nothing yet.
    static let silentGuest = #"""
        {"stats": {"stat-htlb-pgalloc": 18446744073709551615, "stat-swap-out": 18446744073709551615,
        "stat-available-memory": 18446744073709551615, "stat-free-memory": 18446744073709551615,
        "stat-major-faults": 18446744073709551615, "stat-total-memory": 18446744073709551615,
        "stat-swap-in": 18446744073709551615}, "last-update": 0}
        """#

    /// Property `guest-stats` of a guest without swap accounting, at 1795648687 seconds.
    static let guest = #"""
        {"stats": {"stat-htlb-pgalloc": 0, "stat-swap-out": 18446744073709551615, "stat-available-memory": 150994944,
        "stat-htlb-pgfail": 0, "stat-free-memory": 167772160, "stat-minor-faults": 2381, "stat-major-faults": 11,
        "stat-total-memory": 234881024, "stat-swap-in": 0, "stat-disk-caches": 4096}, "last-update": 1795648687}
        """#

    /// `query-block`: a sparse raw file of ours, a full one, a named qcow2 with a backing image and snapshots, a device
    /// of the host, an empty drive.
    static let blocks = #"""
        [{"io-status": "ok", "device": "", "locked": false, "removable": false, "inserted": {"iops_rd": 0,
        "image": {"virtual-size": 8388608, "filename": "/images/sparse.raw", "format": "raw", "actual-size": 0,
        "dirty-flag": false}, "iops_wr": 0, "ro": false, "node-name": "disk0", "backing_file_depth": 0, "drv": "raw",
        "cache": {"no-flush": false, "direct": false, "writeback": true}, "file": "/images/sparse.raw"},
        "qdev": "/machine/peripheral-anon/device[0]/virtio-backend", "type": "unknown"},
        {"io-status": "ok", "device": "", "locked": false, "removable": false, "inserted": {
        "image": {"virtual-size": 4194304, "filename": "/images/full.raw", "format": "raw", "actual-size": 4194304},
        "node-name": "disk1", "backing_file_depth": 0, "drv": "raw", "file": "/images/full.raw"},
        "qdev": "/machine/peripheral-anon/device[1]", "type": "unknown"},
        {"device": "", "inserted": {"image": {"backing-image": {"virtual-size": 16777216,
        "filename": "/images/a.qcow2", "format": "qcow2", "actual-size": 200704}, "backing-filename-format": "qcow2",
        "snapshots": [{"vm-clock-nsec": 17865825, "name": "before-upgrade", "date-sec": 1795648687,
        "date-nsec": 71442000, "vm-clock-sec": 1, "id": "1", "vm-state-size": 223882},
        {"vm-clock-nsec": 19229560, "name": "s1", "date-sec": 1795640000, "date-nsec": 118485000, "vm-clock-sec": 1,
        "id": "2", "vm-state-size": 0}], "virtual-size": 16777216, "filename": "/images/b.qcow2", "format": "qcow2",
        "actual-size": 610304}, "node-name": "libvirt-1-format", "backing_file_depth": 1, "drv": "qcow2",
        "file": "/images/b.qcow2"}, "qdev": "/machine/peripheral/virtio-disk0/virtio-backend", "type": "unknown"},
        {"device": "", "inserted": {"image": {"virtual-size": 1073741824, "filename": "/dev/vg/data", "format": "raw",
        "actual-size": 0}, "node-name": "data", "backing_file_depth": 0, "drv": "raw", "file": "/dev/vg/data"},
        "qdev": "scsi0-0-0-0", "type": "unknown"},
        {"io-status": "ok", "device": "", "locked": false, "removable": true, "qdev": "cd0", "tray_open": false,
        "type": "unknown"}]
        """#

    /// `query-blockstats` for the same, with members of a newer QEMU.
    static let blockCounts = #"""
        [{"device": "", "parent": {"stats": {"rd_operations": 0}, "node-name": "#block093", "driver-specific":
        {"discard-bytes-ok": 0, "driver": "file"}}, "stats": {"flush_total_time_ns": 9, "wr_highest_offset": 0,
        "wr_total_time_ns": 8, "wr_bytes": 4096, "rd_total_time_ns": 7, "flush_operations": 3, "wr_operations": 2,
        "rd_bytes": 512, "rd_operations": 1, "zone_append_operations": 0, "account_failed": true},
        "node-name": "disk0", "qdev": "/machine/peripheral-anon/device[0]/virtio-backend"},
        {"device": "", "parent": {"stats": {}, "driver-specific": {"driver": "host_device"}}, "stats":
        {"rd_operations": 5, "rd_bytes": 6}, "node-name": "data", "qdev": "scsi0-0-0-0"},
        {"device": "", "stats": {"rd_operations": -1, "rd_bytes": 0, "wr_operations": 1}, "qdev": "cd0"}]
        """#

    /// `info network`.
    static let network: JSONValue = .string(
        "e1000.0: index=0,type=nic,model=e1000,macaddr=52:54:00:12:34:56\r\n"
            + " \\ n0: index=0,type=user,net=10.0.2.0,restrict=off\r\n"
            + "nic1: index=0,type=nic,model=virtio-net-pci,macaddr=52:54:00:12:34:57\r\n"
            + " \\ n1: index=0,type=tap,ifname=vnet0,script=no,downscript=no\r\n")

    static func value(_ text: String) throws -> JSONValue {
        guard case .returned(_, let value) = MonitorMessage(line: Array(#"{"id": 1, "return": \#(text)}"#.utf8)) else {
            throw Unexpected(text)
        }
        return value
    }
}
