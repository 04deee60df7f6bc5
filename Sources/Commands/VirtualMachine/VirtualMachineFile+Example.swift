extension VirtualMachineFile {
    /// A file with every key, each with its default or an example; it can be read.
    static let example = """
        # A virtual machine for `evenkeel vm create FILE`. Only name, vcpus and memory must be there.
        # Paths are those of the host; hosts that the VM may move between see the same files under the same paths.
        name: web-1                       # letters, digits, '.', '_' and '-'; one of a kind in its cluster
        # uuid: 3b0e9c52-5d4a-4c1e-9a51-2f6d0c8e7b10   # default: made anew; with one, creating again changes the VM
        host: kvm1                        # or --host
        vcpus: 2
        max_vcpus: 4                      # up to how many can be added while it runs; default: none
        memory: 2GiB
        max_memory: 4GiB                  # up to how much can be added while it runs; default: none
        cpu: qemu64                       # a CPU model of QEMU; baseline: the richest that the cluster's hosts share
        machine: pc                       # a machine type of QEMU; pc-i440fx-7.2 stays the same over upgrades
        accelerator: auto                 # auto, kvm or tcg
        # firmware: /srv/vms/OVMF.fd      # in place of the machine's own
        # kernel:                         # a Linux kernel to start directly
        #   image: /srv/boot/vmlinuz
        #   initrd: /srv/boot/initrd.img
        #   cmdline: console=ttyS0
        disks:
          - path: /srv/vms/web-1.qcow2
            format: qcow2                 # raw or qcow2; default: as the path ends
            bus: virtio                   # virtio, ide or scsi
            cache: none                   # none, writeback, writethrough, directsync or unsafe
            local: off                    # on: only this host sees it, and it moves along with the VM; the path may
                                          # then be relative: it is one in the host's folder local_disks
            readonly: off
        networks:
          - bridge: br0                   # a bridge of the host; or user: on, out through the host's own addresses
            model: virtio                 # virtio, e1000 or rtl8139
            # mac: 52:54:00:12:34:56      # default: made from the UUID
        balloon: on                       # through which the guest reports and gives back memory
        guest_agent: off                  # a channel for qemu-ga, which brings file systems to rest for a snapshot
        # pinning: [0-3]                  # LPs that VPs may run on: one entry for all, or one for each
        # shares: 100                     # processor time against other VMs': 1 to 10000, usually 100
        labels: {tier: web}
        priority: 100                     # 0 to 1000; higher comes first where not all VMs can be had
        restart: on-failure               # started again when its process ends by itself; default: never

        """
}
