/// Numbers of libvirt's protocol that are no procedure's (virnetprotocol.x, virkeepaliveprotocol.x, remote_protocol.x).
enum LibvirtProtocol {
    static let remoteProgram: UInt32 = 0x2000_8086
    static let keepaliveProgram: UInt32 = 0x6B65_6570
    /// Of both programs.
    static let version: UInt32 = 1

    static let lengthBytes = 4
    static let headerBytes = 24
    /// The longest message that is taken: what libvirt itself took for years, and half of what it takes now. Nobody asks anything that long.
    static let messageLimit = 16 << 20
    static let stringLimit = 4 << 20
    static let domainLimit = 16_384

    static let ping: Int32 = 1
    static let pong: Int32 = 2
    static let uuidBytes = 16
}

/// What every message begins with, after its length.
struct LibvirtHeader: Sendable, Equatable {
    enum Kind: UInt32, Sendable {
        case call = 0
        case reply
        case message
        case stream
        case callWithFiles
        case replyWithFiles
        case streamHole
    }

    enum Status: UInt32, Sendable {
        case ok = 0
        case error
        case more
    }

    var program: UInt32
    var version = LibvirtProtocol.version
    var procedure: Int32
    var kind: Kind
    var serial: UInt32
    var status = Status.ok

    init(program: UInt32 = LibvirtProtocol.remoteProgram, procedure: Int32, kind: Kind, serial: UInt32 = 0, status: Status = .ok) {
        self.program = program
        self.procedure = procedure
        self.kind = kind
        self.serial = serial
        self.status = status
    }

    /// Errors: a kind or a status that does not exist, and what is too short.
    init(_ reader: inout XDRReader) throws(XDRReader.Problem) {
        program = try reader.unsignedInteger()
        version = try reader.unsignedInteger()
        procedure = try reader.integer()
        guard let kind = Kind(rawValue: try reader.unsignedInteger()) else { throw .outOfRange }
        self.kind = kind
        serial = try reader.unsignedInteger()
        guard let status = Status(rawValue: try reader.unsignedInteger()) else { throw .outOfRange }
        self.status = status
    }

    /// A whole message: length, header, payload.
    func message(_ payload: [UInt8] = []) -> [UInt8] {
        var writer = XDRWriter()
        writer.count(LibvirtProtocol.lengthBytes + LibvirtProtocol.headerBytes + payload.count)
        writer.unsignedInteger(program)
        writer.unsignedInteger(version)
        writer.integer(procedure)
        writer.unsignedInteger(kind.rawValue)
        writer.unsignedInteger(serial)
        writer.unsignedInteger(status.rawValue)
        writer.append(payload)
        return writer.bytes
    }

    /// The header of the answer to a call.
    func answer(_ status: Status) -> LibvirtHeader {
        var answer = self
        answer.kind = .reply
        answer.status = status
        return answer
    }
}
