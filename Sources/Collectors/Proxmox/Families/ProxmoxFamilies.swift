import Metrics

/// All families of the collector, in the order of the exposition.
struct ProxmoxFamilies: Sendable {
    private(set) var catalogue = Catalogue()
    let cluster: ClusterFamilies
    let node: NodeFamilies
    let storage: StorageFamilies
    let guest: GuestFamilies
    let virtualMachine: VirtualMachineFamilies
    let container: ContainerFamilies
    let management: ManagementFamilies
    let slow: SlowSources

    /// - Parameter slow: without it, the families of what is asked for on timers are not there.
    init(_ slow: SlowSettings = SlowSettings()) {
        cluster = ClusterFamilies(&catalogue)
        node = NodeFamilies(&catalogue)
        storage = StorageFamilies(&catalogue)
        guest = GuestFamilies(&catalogue)
        virtualMachine = VirtualMachineFamilies(&catalogue)
        container = ContainerFamilies(&catalogue)
        management = ManagementFamilies(&catalogue)
        self.slow = SlowSources(&catalogue, slow)
    }
}
