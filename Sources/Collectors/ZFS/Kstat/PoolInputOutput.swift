import Primitives

/// `POOL/io`, a table of one line that ZFS had before 2.0:
///
///     12 3 0x00 1 80 79205351707403 395818011156865
///     nread    nwritten reads    writes   wtime    wlentime wupdate  rtime    rlentime rupdate  wcnt     rcnt
///     1884160  3206144  22       132      7155162  104112268 …
enum PoolInputOutput {
    /// Each column with its number; empty when the file is not such a table.
    static func columns(_ bytes: [UInt8]) -> [(name: String, value: Double)] {
        let lines = bytes.split(separator: UInt8(ascii: "\n"), maxSplits: 3, omittingEmptySubsequences: false)
        // A fourth piece is there when the third line is whole.
        guard lines.count > 3 else { return [] }
        let (names, values) = (KstatFile.words(lines[1], atMost: 64), KstatFile.words(lines[2], atMost: 64))
        guard names.count == values.count else { return [] }
        return zip(names, values).compactMap { name, value in
            KstatFile.number(value).map { (String(decoding: name, as: UTF8.self), $0) }
        }
    }
}
