import Metrics

/// All families of the collector, in the order of the exposition.
struct LibvirtFamilies: Sendable {
    /// What each series of a hypervisor has.
    static let hypervisorLabels = LabelSchema("uri")
    /// What each series of a domain has: the same domain may be defined at two hypervisors.
    static let domainLabels = LabelSchema("uri", "domain", "uuid")

    private(set) var catalogue = Catalogue()
    let hypervisor: HypervisorFamilies
    let domain: DomainFamilies
    let watch: WatchFamilies
    let memory: MemoryFamilies
    let vcpu: VCPUFamilies
    let block: BlockFamilies
    let interface: InterfaceFamilies
    let job: JobFamilies
    let pool: PoolFamilies
    let network: NetworkFamilies

    init() {
        hypervisor = HypervisorFamilies(&catalogue)
        watch = WatchFamilies(&catalogue)
        domain = DomainFamilies(&catalogue)
        memory = MemoryFamilies(&catalogue)
        vcpu = VCPUFamilies(&catalogue)
        block = BlockFamilies(&catalogue)
        interface = InterfaceFamilies(&catalogue)
        job = JobFamilies(&catalogue)
        pool = PoolFamilies(&catalogue)
        network = NetworkFamilies(&catalogue)
    }
}
