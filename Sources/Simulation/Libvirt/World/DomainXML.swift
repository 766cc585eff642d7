/// What libvirt says of a domain in XML: names and paths are the plan's own, in which nothing needs to be escaped.
struct DomainXML: Sendable {
    let world: KVMWorld
    let domain: DomainPlan
    let moment: Double
    /// As it will be started next, whatever it does now (VIR_DOMAIN_XML_INACTIVE).
    var isConfiguration = false

    private var isActive: Bool { !isConfiguration && world.life(of: domain, at: moment).isActive }

    var text: String {
        let number = isActive ? " id='\(world.number(of: domain, at: moment))'" : ""
        let current = domain.vcpus == domain.mostVcpus ? "" : " current='\(domain.vcpus)'"
        let title = domain.title.map { "  <title>\($0)</title>\n" } ?? ""
        let threads = domain.hasIOThread ? "  <iothreads>1</iothreads>\n" : ""
        return """
            <domain type='kvm'\(number)>
              <name>\(domain.name)</name>
              <uuid>\(domain.uuidText)</uuid>
            \(title)  <metadata>
                <libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">
                  <libosinfo:os id="http://debian.org/debian/12"/>
                </libosinfo:libosinfo>
              </metadata>
              <memory unit='KiB'>\(domain.memoryKiB)</memory>
              <currentMemory unit='KiB'>\(domain.balloonKiB)</currentMemory>
              <vcpu placement='static'\(current)>\(domain.mostVcpus)</vcpu>
            \(threads)\(isActive ? "  <resource>\n    <partition>/machine</partition>\n  </resource>\n" : "")  <os>
                <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
                <boot dev='hd'/>
              </os>
              <features>
                <acpi/>
                <apic/>
              </features>
              <cpu mode='host-passthrough' check='none' migratable='on'/>
              <clock offset='utc'>
                <timer name='rtc' tickpolicy='catchup'/>
                <timer name='pit' tickpolicy='delay'/>
                <timer name='hpet' present='no'/>
              </clock>
              <on_poweroff>destroy</on_poweroff>
              <on_reboot>restart</on_reboot>
              <on_crash>destroy</on_crash>
              <devices>
                <emulator>/usr/bin/qemu-system-x86_64</emulator>
            \(domain.disks.enumerated().map { disk($1, position: $0) }.joined())\(domain.cards.enumerated().map { card($1, position: $0) }.joined())\
            \(agent)    <memballoon model='virtio'>
            \(domain.tellsMemory ? "      <stats period='\(Int(KVMWorld.memoryPeriodSeconds))'/>\n" : "")\(alias("balloon0"))      \
            <address type='pci' domain='0x0000' bus='0x05' slot='0x00' function='0x0'/>
                </memballoon>
                <rng model='virtio'>
                  <backend model='random'>/dev/urandom</backend>
            \(alias("rng0"))    </rng>
              </devices>
            \(isActive ? label : "")</domain>

            """
    }

    private func alias(_ name: String) -> String { isActive ? "      <alias name='\(name)'/>\n" : "" }

    private func disk(_ disk: DomainPlan.Disk, position: Int) -> String {
        let bus = disk.isDrive ? "sata" : "virtio"
        let name = disk.isDrive ? "sata0-0-0" : "virtio-disk\(position)"
        let index = isActive ? " index='\(1 + Self.firstIndex(of: position, domain, world, moment))'" : ""
        let kind: String
        let driver: String
        let source: String
        switch disk.source {
        case nil: (kind, driver, source) = ("file", "<driver name='qemu'/>", "")
        case .file(let path): (kind, driver, source) = ("file", Self.driver("qcow2"), "      <source file='\(path)'\(index)/>\n")
        case .volume(let path):
            (kind, driver, source) = (
                "block", "<driver name='qemu' type='raw' cache='none' io='native'/>", "      <source dev='\(path)'\(index)/>\n"
            )
        }
        let first = Self.firstIndex(of: position, domain, world, moment) + 1
        return """
                <disk type='\(kind)' device='\(disk.isDrive ? "cdrom" : "disk")'>
                  \(driver)
            \(source)\(isActive && !disk.isDrive ? chain(world.backing(of: disk, domain, at: moment)[...], index: first + 1, indent: 6) : "")      \
            <target dev='\(disk.target)' bus='\(bus)'/>
            \(disk.isDrive ? "      <readonly/>\n" : "")\(alias(name))    </disk>

            """
    }

    /// The number of images that stand before those of a disk.
    private static func firstIndex(of position: Int, _ domain: DomainPlan, _ world: KVMWorld, _ moment: Double) -> Int {
        domain.disks.prefix(position).reduce(0) { sum, disk in
            disk.source == nil ? sum : sum + 1 + world.backing(of: disk, domain, at: moment).count
        }
    }

    /// As libvirt numbers the images of a domain; nil for an empty drive.
    static func index(of position: Int, layer: Int, _ domain: DomainPlan, _ world: KVMWorld, at moment: Double) -> UInt32 {
        UInt32(clamping: firstIndex(of: position, domain, world, moment) + 1 + layer)
    }

    private static func driver(_ format: String) -> String { "<driver name='qemu' type='\(format)' discard='unmap'/>" }

    private func chain(_ images: ArraySlice<String>, index: Int, indent: Int) -> String {
        let margin = String(repeating: " ", count: indent)
        guard let image = images.first else { return "\(margin)<backingStore/>\n" }
        return """
            \(margin)<backingStore type='file' index='\(index)'>
            \(margin)  <format type='qcow2'/>
            \(margin)  <source file='\(image)'/>
            \(chain(images.dropFirst(), index: index + 1, indent: indent + 2))\(margin)</backingStore>

            """
    }

    private func card(_ card: DomainPlan.Card, position: Int) -> String {
        let target = isActive ? "      <target dev='\(Self.tap(position, domain, world))'/>\n" : ""
        let source: String
        switch card.network {
        case nil: source = "<source bridge='br0'/>"
        case let network?:
            let bridge = world.plan.networks.first { $0.name == network }?.bridge ?? "virbr0"
            source = isActive ? "<source network='\(network)' bridge='\(bridge)'/>" : "<source network='\(network)'/>"
        }
        return """
                <interface type='\(card.network == nil ? "bridge" : "network")'>
                  <mac address='\(card.address)'/>
                  \(source)
            \(target)      <model type='virtio'/>
            \(alias("net\(position)"))      <address type='pci' domain='0x0000' bus='0x0\(position + 1)' slot='0x00' function='0x0'/>
                </interface>

            """
    }

    /// What the host calls the other end of a card.
    static func tap(_ position: Int, _ domain: DomainPlan, _ world: KVMWorld) -> String {
        "vnet\(world.plan.firstTaps[domain.index] + position)"
    }

    private var agent: String {
        guard domain.hasAgent else { return "" }
        let state = isActive ? " state='connected'" : ""
        return """
                <channel type='unix'>
                  <target type='virtio' name='org.qemu.guest_agent.0'\(state)/>
            \(alias("channel0"))      <address type='virtio-serial' controller='0' bus='0' port='1'/>
                </channel>

            """
    }

    private var label: String {
        """
          <seclabel type='dynamic' model='apparmor' relabel='yes'>
            <label>libvirt-\(domain.uuidText)</label>
          </seclabel>

        """
    }

    /// A snapshot of it.
    func snapshot(_ snapshot: DomainPlan.Snapshot) -> String {
        let parent = snapshot.parent.map { "  <parent>\n    <name>\($0)</name>\n  </parent>\n" } ?? ""
        let disks = domain.disks.map { disk in
            "    <disk name='\(disk.target)' snapshot='\(disk.isDrive ? "no" : "internal")'/>\n"
        }
        var frozen = self
        frozen.isConfiguration = true
        return """
            <domainsnapshot>
              <name>\(snapshot.name)</name>
              <state>running</state>
            \(parent)  <creationTime>\(Int64(world.timeline.epoch + snapshot.at))</creationTime>
              <memory snapshot='internal'/>
              <disks>
            \(disks.joined())  </disks>
            \(frozen.text)</domainsnapshot>

            """
    }
}
