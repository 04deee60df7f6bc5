import Foundation

/// Files as kernels of several years write them, shortened where lines repeat.
enum KernelFile {
    /// Linux 6.18, a cloud machine.
    static let vmstat618 = """
        nr_free_pages 2869084
        numa_hit 302989164
        numa_miss 7
        numa_foreign 8
        numa_interleave 1130
        numa_local 302989100
        numa_other 64
        nr_throttled_written 0
        pgpgin 34839357
        pgpgout 112115684
        pswpin 81
        pswpout 82
        pgalloc_dma32 979810
        pgfault 315617170
        pgmajfault 195493
        pgscan_direct 1438182
        pgscan_direct_throttle 9
        oom_kill 1
        numa_pte_updates 0
        numa_hint_faults 50
        numa_hint_faults_local 40
        numa_pages_migrated 10
        compact_stall 3
        compact_fail 2
        compact_success 1
        thp_fault_alloc 11248
        thp_fault_fallback 5
        thp_fault_fallback_charge 6
        thp_collapse_alloc 7
        thp_collapse_alloc_failed 4
        thp_split_page 12
        thp_split_page_failed 13

        """

    /// Linux 3.10 (CentOS 7), a machine with one node and no NUMA.
    static let vmstat310 = """
        nr_free_pages 123
        pgpgin 1
        pgpgout 2
        pswpin 3
        pswpout 4
        pgfault 5
        pgmajfault 6
        pgscan_direct_dma 100
        pgscan_direct_normal 200
        compact_stall 7
        thp_split 9

        """

    static let pressure = """
        some avg10=51.75 avg60=26.63 avg300=28.04 total=6809195979
        full avg10=0.30 avg60=0.01 avg300=100.00 total=17

        """

    /// Linux 6.1: seventeen figures a line.
    static let diskstats61 = """
         259       0 nvme0n1 1001 2 30003 404 5005 6 70007 808 9 1010 1111 12 13 14 15 16 17
         259       1 nvme0n1p1 1 0 8 0 0 0 0 0 0 0 0 0 0 0 0 0 0
           8       0 sda 1 2 3 4 5 6 7 8 0 10 11 0 0 0 0 0 0
         253       0 dm-0 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 0 0

        """

    /// Linux 3.10: eleven; cciss disks have a slash in their names.
    static let diskstats310 = """
         104       0 cciss/c0d0 1 2 3 4 5 6 7 8 9 10 11
         104       1 cciss/c0d0p1 1 2 3 4 5 6 7 8 9 10 11
           8       0 sda 11 12 13 14 15 16 17 18 19 20 21

        """

    /// Linux 4.18: fifteen.
    static let diskstats418 = "   8       0 sda 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15\n"

    static let netDev = """
        Inter-|   Receive                                                |  Transmit
         face |bytes    packets errs drop fifo frame compressed multicast|bytes    packets errs drop fifo colls \
        carrier compressed
            lo: 16461387248 1086164    0    0    0     0          0         0 16461387248 1086164    0    0    0     \
        0       0          0
          eth0: 248354603    5013    1    2    3     4          5         6   206335    2863    7    8    9    10     \
         11         12
         vnet3:1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16

        """

    /// Linux 5.10: version 15.
    static let schedstat15 = """
        version 15
        timestamp 4295643008
        cpu0 1 0 181 92 60 41 9158023771 1240117716 77122
        domain0 03 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0
        cpu3 0 0 1 2 3 4 5 6 7
        domain0 0c 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0

        """

    /// Linux 6.12: version 16.
    static let schedstat16 = schedstat15.replacingOccurrences(of: "version 15", with: "version 16")

    /// Linux 6.18: version 17, domains have names.
    static let schedstat17 =
        schedstat15
        .replacingOccurrences(of: "version 15", with: "version 17").replacingOccurrences(
            of: "domain0", with: "domain0 MC")

    static let controlGroupCPU = """
        usage_usec 812345
        user_usec 700000
        system_usec 112345
        nice_usec 0
        core_sched.force_idle_usec 0
        nr_periods 50
        nr_throttled 10
        throttled_usec 90
        nr_bursts 0
        burst_usec 0

        """

    static let controlGroupMemory = """
        anon 4294967296
        file 1048576
        kernel 2097152
        kernel_stack 65536
        pagetables 131072
        sec_pagetables 0
        percpu 960
        sock 0
        vmalloc 0
        shmem 4096
        file_mapped 8192
        file_dirty 0
        swapcached 0
        anon_thp 2097152
        workingset_refault_anon 3
        workingset_refault_file 4
        pgfault 100
        pgmajfault 5

        """

    /// Version 1, Linux 4.18.
    static let controlGroupMemory1 = """
        cache 1
        rss 2
        rss_huge 0
        swap 3
        pgfault 4
        hierarchical_memory_limit 9223372036854771712
        total_cache 10
        total_rss 20
        total_rss_huge 30
        total_shmem 40
        total_mapped_file 50
        total_swap 60
        total_pgfault 70
        total_pgmajfault 80

        """

    static let controlGroupNodes = """
        anon N0=1032192 N1=4096
        file N0=0 N1=8192
        kernel_stack N0=16384 N1=0
        shmem N0=12 N1=13

        """

    static let controlGroupNodes1 = """
        total=300 N0=200 N1=100
        file=10 N0=10 N1=0
        anon=290 N0=190 N1=100
        unevictable=0 N0=0 N1=0
        hierarchical_total=303 N0=202 N1=101
        hierarchical_file=11 N0=11 N1=0
        hierarchical_anon=292 N0=191 N1=101
        hierarchical_unevictable=0 N0=0 N1=0

        """

    static let controlGroupDisks = """
        8:16 rbytes=1459200 wbytes=314773504 rios=192 wios=353 dbytes=5 dios=6
        253:1 253:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0 cost.usage=12 cost.ctrl=auto
        7:0

        """

    /// A VM of libvirt on a host with both hierarchies.
    static let controlGroupBoth = #"""
        9:name=systemd:/machine.slice/machine-qemu\x2d1\x2dweb.scope
        4:memory:/machine.slice/machine-qemu\x2d1\x2dweb.scope/libvirt
        2:cpu,cpuacct:/machine.slice/machine-qemu\x2d1\x2dweb.scope/libvirt/emulator
        0::/odd:name

        """#

    static let controlGroupUnified = #"0::/machine.slice/machine-qemu\x2d1\x2dweb.scope/libvirt/emulator"# + "\n"

    static let cpuinfoIntel = """
        processor\t: 0
        vendor_id\t: GenuineIntel
        cpu family\t: 6
        model\t\t: 106
        model name\t: Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz
        physical id\t: 0
        siblings\t: 4
        core id\t\t: 0
        cpu cores\t: 2
        flags\t\t: fpu vme nx vmx ssse3
        vmx flags\t: vnmi preemption_timer invvpid ept_x_only ept unrestricted_guest
        bugs\t\t: spectre_v1
        power management:

        processor\t: 1
        vendor_id\t: GenuineIntel
        model name\t: Intel(R) Xeon(R) Gold 6338 CPU @ 2.00GHz
        physical id\t: 0
        core id\t\t: 0
        flags\t\t: fpu vme nx vmx ssse3

        processor\t: 2
        physical id\t: 0
        core id\t\t: 1

        processor\t: 3
        physical id\t: 1
        core id\t\t: 0

        """

    static let cpuinfoAMD = """
        processor\t: 0
        vendor_id\t: AuthenticAMD
        model name\t: AMD EPYC
        physical id\t: 0
        core id\t\t: 0
        flags\t\t: fpu nx mmxext svm npt nrip_save hypervisor lahf_lm

        """

    static let cpuinfoArm = """
        processor\t: 0
        BogoMIPS\t: 50.00
        Features\t: fp asimd evtstrm aes
        CPU implementer\t: 0x41
        CPU architecture: 8
        CPU variant\t: 0x3
        CPU part\t: 0xd0c
        CPU revision\t: 1

        processor\t: 1
        CPU implementer\t: 0x41
        CPU part\t: 0xd0c

        """

    static let cpuinfoS390 = """
        vendor_id       : IBM/S390
        # processors    : 2
        bogomips per cpu: 3033.00
        processor 0: version = FF,  identification = 2733E8,  machine = 2964
        processor 1: version = FF,  identification = 2733E8,  machine = 2964

        """

    static let nodeMemory = """

        Node 0 MemTotal:       24684096 kB
        Node 0 MemFree:        11476632 kB
        Node 0 MemUsed:        13207464 kB
        Node 0 Active(anon):       1556 kB
        Node 0 FilePages:       5957232 kB
        Node 0 AnonPages:       6700208 kB
        Node 0 Shmem:              8788 kB
        Node 0 KReclaimable:     242812 kB
        Node 0 HugePages_Total:     4
        Node 0 HugePages_Free:      3
        Node 0 HugePages_Surp:      0

        """

    static let nodeStat =
        "numa_hit 302\nnuma_miss 1\nnuma_foreign 2\ninterleave_hit 9\nlocal_node 300\nother_node 3\n"

    static let mdstat = """
        Personalities : [raid1] [raid6] [raid5] [raid4] [raid0]
        md0 : active raid1 sdb1[1] sda1[0](F) sdc1[2](S)
              1048512 blocks super 1.2 [2/1] [_U]
              bitmap: 0/8 pages [0KB], 65536KB chunk

        md1 : active raid5 sdd1[3] sdc1[1] sdb1[0]
              585890304 blocks level 5, 64k chunk, algorithm 2 [3/2] [UU_]
              [==>..................]  recovery = 12.6% (37043392/292945152) finish=127.5min speed=33440K/sec

        md2 : active (auto-read-only) raid1 sdf1[1] sde1[0]
              976630336 blocks super 1.2 [2/2] [UU]
              \tresync=PENDING

        md3 : active raid0 sdh[1] sdg[0]
              2097152 blocks super 1.2 512k chunks

        md127 : inactive sdi[0](S)
              3906887512 blocks super 1.2

        md4 : active raid6 sdm[3] sdl[2] sdk[1] sdj[0]
              100 blocks super 1.2 [4/4] [UUUU]
              [===================>.]  check = 99.9% (99/100) finish=0.0min speed=1K/sec

        unused devices: <none>

        """

    static let processTraffic = """
        rchar: 6976
        wchar: 1
        syscr: 10
        syscw: 2
        read_bytes: 4096
        write_bytes: 8192
        cancelled_write_bytes: 3

        """

    static let processStatus = """
        Name:\tqemu-system-x86
        State:\tS (sleeping)
        VmPeak:\t    3060 kB
        VmRSS:\t    1688 kB
        RssAnon:\t     112 kB
        RssFile:\t    1576 kB
        RssShmem:\t       8 kB
        VmSwap:\t       4 kB
        HugetlbPages:\t    2048 kB
        Threads:\t7
        voluntary_ctxt_switches:\t12
        nonvoluntary_ctxt_switches:\t13

        """

    static let softnet618 = """
        000801e5 00000001 00000002 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 \
        00000000 00000000 00000000
        0008a484 00000000 0000001b 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 \
        00000002 00000000 00000000

        """

    /// Linux 4.18: eleven columns.
    static let softnet418 =
        "00000010 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000 00000000\n"

    static let mounts = #"""
        proc /proc proc rw,relatime 0 0
        udev /dev devtmpfs rw,nosuid 0 0
        /dev/mapper/vg-root / ext4 rw,relatime,errors=remount-ro 0 0
        /dev/sdb1 /var/lib/libvirt/my\040images\134\011 xfs ro,relatime 0 0
        /dev/sdb1 /srv/again xfs rw,relatime 0 0
        /dev/loop3 /snap/core/1 squashfs ro,nodev 0 0
        tank/vms /tank/vms zfs rw,xattr 0 0
        filer:/vms /mnt/nfs nfs4 rw 0 0
        /dev/fuse /run/user/1000/doc fuse rw 0 0
        /dev/sdc1 /mnt/usb fuseblk rw 0 0
        /dev/sdd1 /hidden ext4 rw 0 0
        tmpfs /hidden tmpfs rw 0 0

        """#
}
