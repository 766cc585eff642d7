import Metrics
import Primitives

/// A folder of kernel statistics.
struct KstatFolder: Sendable {
    static let place = "/proc/spl/kstat/zfs"

    let path: String

    /// Reads the file of each table and writes what it has. Errors: what is there and cannot be read. What is not there is absent.
    func read(_ tables: [KstatTable], _ detail: Detail, into buffer: inout SampleBuffer) -> [Failure] {
        var problems: [Failure] = []
        for table in tables where table.detail <= detail {
            do throws(Failure) {
                guard let file = try named(table.file) else { continue }
                table.write(file, detail: detail, into: &buffer)
            } catch {
                problems.append(error)
            }
        }
        return problems
    }

    /// A file of named statistics; nil when there is none.
    func named(_ name: String) throws(Failure) -> KstatFile? {
        guard let bytes = try bytes(name) else { return nil }
        do { return try KstatFile(parsing: bytes) } catch {
            throw Failure(error.code, "\(KstatFolder.place)/…/\(name): \(error.message)")
        }
    }

    /// Nil when there is none, and also when it has gone while it was read: pools and datasets come and go.
    func bytes(_ name: String) throws(Failure) -> [UInt8]? {
        let file = "\(path)/\(name)"
        do { return try Files.read(file, limitBytes: KstatFile.limitBytes) } catch {
            guard Files.exists(file) else { return nil }
            throw error
        }
    }
}
