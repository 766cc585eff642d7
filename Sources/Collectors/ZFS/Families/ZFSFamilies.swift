import Metrics

/// All families of the collector, in the order of the exposition.
struct ZFSFamilies: Sendable {
    private(set) var catalogue = Catalogue()
    let system: SystemFamilies
    /// Files beside the pools' folders.
    let global: [KstatTable]
    let pool: PoolFamilies
    let scan: ScanFamilies
    let device: DeviceFamilies
    let poolIostats: KstatTable
    let poolIO: KstatTable
    let dataset: KstatTable

    init() {
        system = SystemFamilies(&catalogue)
        var cache = KstatTable(file: "arcstats")
        ARCTable.declare(in: &cache, &catalogue)
        L2ARCTable.declare(in: &cache, &catalogue)
        var log = KstatTable(file: "zil")
        IntentLogTable.declare(in: &log, &catalogue, prefix: "zfs_zil", of: "", detail: .guest)
        var transactions = KstatTable(file: "dmu_tx")
        TransactionTable.declare(in: &transactions, &catalogue)
        global = [cache, log, transactions] + InnardTables.all(&catalogue)
        pool = PoolFamilies(&catalogue)
        scan = ScanFamilies(&catalogue)
        device = DeviceFamilies(&catalogue)
        poolIostats = PoolIOTables.iostats(&catalogue)
        poolIO = PoolIOTables.io(&catalogue)
        dataset = DatasetTable.make(&catalogue)
    }
}
