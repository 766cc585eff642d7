import Metrics

/// File systems that are mounted and volumes that are open, one file for each: `POOL/objset-0xNUMBER`.
enum DatasetTable {
    static let labels = LabelSchema("pool", "dataset", "vmid", "disk")

    static func make(_ catalogue: inout Catalogue) -> KstatTable {
        var table = KstatTable(file: "POOL/objset-*", labels: labels)
        func counter(_ name: String, _ row: String, _ help: String) {
            table.counter(&catalogue, "zfs_objset_\(name)_total", row, help, detail: .disk)
        }
        counter("reads", "reads", "Reads of a dataset that is mounted or open, whether the ARC answers or a disk.")
        counter("read_bytes", "nread", "Bytes read from a dataset that is mounted or open.")
        counter("writes", "writes", "Writes to a dataset that is mounted or open.")
        counter("written_bytes", "nwritten", "Bytes written to a dataset that is mounted or open.")
        counter("unlinks", "nunlinks", "Files of a dataset whose last name was removed.")
        counter("unlinked", "nunlinked", "Files of a dataset that were deleted for good after their last name was removed.")
        IntentLogTable.declare(in: &table, &catalogue, prefix: "zfs_objset_zil", of: ", of a dataset (ZFS 2.2 and newer)", detail: .all)
        return table
    }

    /// The values of the labels; those of a guest are empty when the dataset is not a guest's.
    static func values(pool: String, dataset: String) -> [String] {
        let volume = GuestVolume(dataset: dataset)
        return [pool, dataset, volume?.vmid ?? "", volume?.disk ?? ""]
    }
}
