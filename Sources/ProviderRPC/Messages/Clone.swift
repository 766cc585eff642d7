package import Protobuf

/// A machine to be made from another.
package struct CloneRequest: ProtobufMessage {
    package var sourceVMID = ""
    package var targetName = ""
    /// With the source's disks beneath its own, where the hypervisor can.
    package var linked = false
    /// Where it shall differ from its source's VMClass.
    package var classJSON = ""
    /// Where the machine shall be.
    package var placementJSON = ""
    /// What the guest shall have of its own: host name, networks, user data.
    package var customizeJSON = ""
    /// The host of the source, for providers of several hosts.
    package var sourceHostID = ""
    /// Whose the clone will be; without a uid, as nothing stands for it yet.
    package var targetVM: ObjectIdentity?
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        sourceVMID: String = "", targetName: String = "", linked: Bool = false, classJSON: String = "", placementJSON: String = "",
        customizeJSON: String = "", sourceHostID: String = "", targetVM: ObjectIdentity? = nil
    ) {
        self.sourceVMID = sourceVMID
        self.targetName = targetName
        self.linked = linked
        self.classJSON = classJSON
        self.placementJSON = placementJSON
        self.customizeJSON = customizeJSON
        self.sourceHostID = sourceHostID
        self.targetVM = targetVM
    }

    package static let fields = FieldTable<CloneRequest>(
        "provider.v1.CloneRequest",
        [
            .field(1, "source_vm_id", .string, \.sourceVMID),
            .field(2, "target_name", .string, \.targetName),
            .field(3, "linked", .bool, \.linked),
            .field(4, "class_json", .string, \.classJSON),
            .field(5, "placement_json", .string, \.placementJSON),
            .field(6, "customize_json", .string, \.customizeJSON),
            .field(7, "source_host_id", .string, \.sourceHostID),
            .optional(8, "target_vm", .message, \.targetVM),
        ])
}

/// A clone that is there, or will be when the task is done.
package struct CloneResponse: ProtobufMessage {
    /// The clone's identifier.
    package var targetVMID = ""
    /// Absent when the clone is there.
    package var task: TaskRef?
    package var unknownFields: [UInt8] = []

    package init() {}

    package init(
        targetVMID: String = "", task: TaskRef? = nil
    ) {
        self.targetVMID = targetVMID
        self.task = task
    }

    package static let fields = FieldTable<CloneResponse>(
        "provider.v1.CloneResponse",
        [
            .field(1, "target_vm_id", .string, \.targetVMID),
            .optional(2, "task", .message, \.task),
        ])
}
