/// What libvirt says in XML of the host, its pools and its networks.
struct HostXML: Sendable {
    let world: KVMWorld
    let moment: Double

    private var plan: KVMPlan { world.plan }

    var capabilities: String {
        """
        <capabilities>

          <host>
            <uuid>\(DomainPlan.text(ofUUID: plan.hostUUID))</uuid>
            <cpu>
              <arch>x86_64</arch>
              <model>EPYC-Milan</model>
              <vendor>AMD</vendor>
              <topology sockets='1' dies='1' cores='\(KVMPlan.cores)' threads='\(KVMPlan.threads / KVMPlan.cores)'/>
              <pages unit='KiB' size='4'/>
              <pages unit='KiB' size='2048'/>
            </cpu>
            <power_management/>
            <iommu support='yes'/>
            <migration_features>
              <live/>
              <uri_transports>
                <uri_transport>tcp</uri_transport>
              </uri_transports>
            </migration_features>
            <topology>
              <cells num='1'>
                <cell id='0'>
                  <memory unit='KiB'>\(world.hostMemoryKiB(at: moment))</memory>
                  <pages unit='KiB' size='4'>\(world.hostMemoryKiB(at: moment) / 4)</pages>
                  <cpus num='\(KVMPlan.threads)'>
        \(cpus)          </cpus>
                </cell>
              </cells>
            </topology>
            <secmodel>
              <model>apparmor</model>
              <doi>0</doi>
            </secmodel>
          </host>

          <guest>
            <os_type>hvm</os_type>
            <arch name='x86_64'>
              <wordsize>64</wordsize>
              <emulator>/usr/bin/qemu-system-x86_64</emulator>
              <machine maxCpus='288'>pc-q35-7.2</machine>
              <machine canonical='pc-q35-7.2' maxCpus='288'>q35</machine>
              <domain type='qemu'/>
              <domain type='kvm'/>
            </arch>
          </guest>

        </capabilities>

        """
    }

    private var cpus: String {
        (0..<KVMPlan.threads).map { thread in
            let core = thread % KVMPlan.cores
            return
                "            <cpu id='\(thread)' socket_id='0' die_id='0' core_id='\(core)' siblings='\(core),\(core + KVMPlan.cores)'/>\n"
        }.joined()
    }

    func pool(_ pool: KVMPlan.Pool) -> String {
        let taken = world.allocation(of: pool, at: moment)
        let capacity = world.isActive(pool, at: moment) ? pool.capacityBytes : 0
        let source =
            switch pool.kind {
            case .folder: "  <source>\n  </source>\n"
            case .volumeGroup:
                "  <source>\n    <device path='/dev/nvme1n1'/>\n    <name>\(pool.name)</name>\n    <format type='lvm2'/>\n  </source>\n"
            }
        return """
            <pool type='\(pool.kind.rawValue)'>
              <name>\(pool.name)</name>
              <uuid>\(DomainPlan.text(ofUUID: pool.uuid))</uuid>
              <capacity unit='bytes'>\(capacity)</capacity>
              <allocation unit='bytes'>\(taken)</allocation>
              <available unit='bytes'>\(capacity - taken)</available>
            \(source)  <target>
                <path>\(pool.path)</path>
              </target>
            </pool>

            """
    }

    func network(_ network: KVMPlan.Network) -> String {
        let forward = network.isIsolated ? "" : "  <forward mode='nat'/>\n"
        return """
            <network>
              <name>\(network.name)</name>
              <uuid>\(DomainPlan.text(ofUUID: network.uuid))</uuid>
            \(forward)  <bridge name='\(network.bridge)' stp='on' delay='0'/>
              <ip address='\(network.subnet).1' netmask='255.255.255.0'>
                <dhcp>
                  <range start='\(network.subnet).2' end='\(network.subnet).254'/>
                </dhcp>
              </ip>
            </network>

            """
    }
}
