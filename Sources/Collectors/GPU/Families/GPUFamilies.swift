import Metrics

/// All families of the collector, in the order of the exposition.
struct GPUFamilies: Sendable {
    private(set) var catalogue = Catalogue()
    let card: CardFamilies
    let facts: FactTable
    let ecc: ECCFamilies
    let owner: OwnerFamilies
    let mig: MIGFamilies
    let vgpu: VGPUFamilies
    let compatible: CompatibleFamilies
    let reader: ReaderFamilies

    init() {
        card = CardFamilies(&catalogue)
        var table = FactTable()
        WorkTable.declare(in: &table, &catalogue)
        PowerTable.declare(in: &table, &catalogue)
        ErrorTable.declare(in: &table, &catalogue)
        LinkTable.declare(in: &table, &catalogue)
        facts = table
        ecc = ECCFamilies(&catalogue)
        owner = OwnerFamilies(&catalogue)
        mig = MIGFamilies(&catalogue)
        vgpu = VGPUFamilies(&catalogue)
        compatible = CompatibleFamilies(&catalogue)
        reader = ReaderFamilies(&catalogue)
    }
}
