import Metrics

/// All families of the collector, in the order of the exposition.
struct ProxmoxFamilies: Sendable {
    private(set) var catalogue = Catalogue()
    let cluster: ClusterFamilies
    let node: NodeFamilies
    let storage: StorageFamilies
    let guest: GuestFamilies
    let management: ManagementFamilies
    let virtualMachine: VirtualMachineFamilies
    let container: ContainerFamilies
    let slow: SlowSources

    init() {
        cluster = ClusterFamilies(&catalogue)
        node = NodeFamilies(&catalogue)
        storage = StorageFamilies(&catalogue)
        guest = GuestFamilies(&catalogue)
        management = ManagementFamilies(&catalogue)
        virtualMachine = VirtualMachineFamilies(&catalogue)
        container = ContainerFamilies(&catalogue)
        slow = SlowSources(&catalogue)
    }
}
