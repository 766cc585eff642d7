import Glibc
import LibvirtShim

/// How a domain is: whether its QEMU answers, what it is at, which of its disks have failed.
extension LibvirtDomain {
    /// Whether the domain's monitor takes commands.
    package struct Control: Sendable, Equatable {
        /// `virDomainControlState`.
        package enum State: Int, Sendable, CaseIterable {
            case ok
            /// A job is under way, such as a migration.
            case job
            /// A command was given, and is not answered yet.
            case occupied
            case error
        }

        /// nil for a number that is younger than this list.
        package let state: State?
        /// How long it has been so; 0 where that is not told.
        package let milliseconds: UInt64
    }

    /// Answered from what the daemon knows, also while the domain's QEMU hangs, which this tells. `virDomainGetControlInfo`.
    package func control() throws(LibvirtError) -> Control {
        var info = virDomainControlInfo()
        try connection.check(mlt_virt_domain_get_control_info(connection.library.doors, handle, &info, 0))
        return Control(state: Control.State(rawValue: Int(info.state)), milliseconds: info.stateTime)
    }

    /// A job of the whole domain.
    package struct JobStatistics: Sendable, Equatable {
        /// `virDomainJobType`; 0 for none.
        package let type: Int
        package let parameters: [TypedParameter]
    }

    /// May wait half a minute for the domain's lock. `virDomainGetJobStats`.
    package func jobStatistics() throws(LibvirtError) -> JobStatistics {
        var type: Int32 = 0
        let doors = connection.library.doors
        let parameters = try TypedParameter.ask(connection) { mlt_virt_domain_get_job_stats(doors, handle, &type, $0, $1, 0) }
        return JobStatistics(type: Int(type), parameters: parameters)
    }

    /// A job of one disk.
    package struct BlockJob: Sendable, Equatable {
        /// `virDomainBlockJobType`.
        package let type: Int
        package let position: UInt64
        /// 0 while it is not known.
        package let end: UInt64
    }

    /// nil where none is under way. May wait half a minute for the domain's lock. `virDomainGetBlockJobInfo`.
    package func blockJob(disk: String) throws(LibvirtError) -> BlockJob? {
        var info = virDomainBlockJobInfo()
        let answer = mlt_virt_domain_get_block_job_info(connection.library.doors, handle, disk, &info, 0)
        try connection.check(answer)
        return answer == 0 ? nil : BlockJob(type: Int(info.type), position: info.cur, end: info.end)
    }

    /// A disk that the hypervisor has stopped.
    package struct DiskError: Sendable, Equatable {
        /// The disk's target.
        package let disk: String
        /// `virDomainDiskErrorCode`: 1 an error, 2 no space.
        package let code: Int
    }

    /// Asks the domain's QEMU, which may hang. `virDomainGetDiskErrors`.
    package func diskErrors() throws(LibvirtError) -> [DiskError] {
        let doors = connection.library.doors
        let most = mlt_virt_domain_get_disk_errors(doors, handle, nil, 0, 0)
        try connection.check(most)
        guard most > 0 else { return [] }
        let room = Int(most)
        let errors = UnsafeMutablePointer<virDomainDiskError>.allocate(capacity: room)
        defer { errors.deallocate() }
        errors.initialize(repeating: virDomainDiskError(), count: room)
        let count = mlt_virt_domain_get_disk_errors(doors, handle, errors, UInt32(room), 0)
        try connection.check(count)
        return (0..<min(Int(count), room)).compactMap { index in
            guard let name = errors[index].disk else { return nil }
            defer { free(name) }
            return DiskError(disk: String(cString: name), code: Int(errors[index].error))
        }
    }

    /// Snapshots that libvirt knows.
    package struct Snapshots: Sendable, Equatable {
        package let count: Int
        /// Their descriptions; none of more than were wanted.
        package let descriptions: [String]
    }

    /// - Parameter limit: the most whose descriptions are wanted.
    package func snapshots(describing limit: Int) throws(LibvirtError) -> Snapshots {
        let doors = connection.library.doors
        let found = try connection.list({ mlt_virt_domain_list_all_snapshots(doors, handle, $0, 0) }) { Held($0, doors) }
        guard found.count <= limit else { return Snapshots(count: found.count, descriptions: []) }
        // One that goes between the two is none.
        let descriptions = found.compactMap { try? connection.text(mlt_virt_domain_snapshot_get_xml_desc(doors, $0.handle, 0)) }
        return Snapshots(count: descriptions.count, descriptions: descriptions)
    }

    /// A reference to a snapshot.
    private final class Held {
        let handle: OpaquePointer
        private let doors: OpaquePointer

        init(_ handle: OpaquePointer, _ doors: OpaquePointer) {
            self.handle = handle
            self.doors = doors
        }

        deinit { _ = mlt_virt_domain_snapshot_free(doors, handle) }
    }
}
