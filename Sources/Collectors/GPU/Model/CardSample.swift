/// What a card is: known once, and kept when the card answers no more.
struct CardIdentity: Sendable, Equatable {
    var uuid: String
    /// NVML's, which may be another after a restart of the machine.
    var index: Int
    var name = ""
    var busID = ""
    /// Of `/dev/nvidia0`.
    var minorNumber: Int?
    var virtualizationMode = ""
    var architecture = ""
}

/// How a card is, as the helper sees it.
enum CardCondition: String, Sendable {
    case ok
    case lost
    case resetRequired = "reset_required"
    /// It does not answer, and nobody says why.
    case unknown
}

/// Everything that was read of a card at one moment.
struct CardSample: Sendable, Equatable {
    var identity: CardIdentity
    var condition = CardCondition.ok
    var facts: [Fact: Double] = [:]
    /// Nil when they could not be read: that is not the same as none.
    var processes: [ProcessSample]?
    var migs: [MIGSample] = []
    /// Nil of a card that has no vGPUs to give, or when they could not be read.
    var vgpus: [VGPUSample]?
    /// Instances that the card has room for, by type.
    var vgpuInstancesMax: [String: Double] = [:]
}

/// A process at work on a card.
struct ProcessSample: Sendable, Equatable {
    var pid: Int
    var isCompute = false
    var isGraphics = false
    /// Nil where NVML does not know.
    var memoryBytes: Double?
    /// Share of the card's multiprocessors, 0-1; nil where NVML does not tell of processes.
    var utilization: Double?
    /// Its memory by GPU instance, of a card that is divided by MIG; nil where NVML does not know.
    var instances: [Int: Double?] = [:]
}

/// A MIG device: a compute instance of a GPU instance.
struct MIGSample: Sendable, Equatable {
    var uuid: String
    var gpuInstance: Int
    var computeInstance: Int
    /// As NVML names it, for example `1g.18gb`.
    var profile: String
    /// Of the GPU instance.
    var memoryUsed: Double?
    var memoryTotal: Double?
    /// Of the GPU instance, 0-1, by name: graphics, sm, tensor, dram.
    var activity: [String: Double] = [:]
}

/// A vGPU that runs.
struct VGPUSample: Sendable, Equatable {
    var uuid: String
    var type = ""
    /// What NVML calls the VM: a UUID, or the number of a domain.
    var vm = ""
    var isVMUUID = true
    var mdevUUID = ""
    var guestDriver = ""
    var license: String?
    var smUtilization: Double?
    var memoryUtilization: Double?
    var encoderUtilization: Double?
    var decoderUtilization: Double?
    var framebufferUsed: Double?
    var framebufferTotal: Double?
    var frameRateLimit: Double?
}
