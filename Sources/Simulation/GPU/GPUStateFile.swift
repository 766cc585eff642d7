import Glibc
import NVMLABI
import Primitives
import SimulatedNVMLState
import Synchronization

/// The file that the simulated library reads, and what stands in it.
final class GPUStateFile: Sendable {
    /// The C writer, which is nobody's but the mutex's.
    private struct Writer: @unchecked Sendable {
        var pointer: OpaquePointer?
    }

    let path: String
    private let writer: Mutex<Writer>

    /// Makes the file, in place of one that was there. Errors: a folder that is missing or closed.
    init(path: String) throws(Failure) {
        self.path = path
        guard let pointer = mlt_sim_open(path) else {
            throw Failure(.environment, "cannot write the state file \(path): \(systemMessage(errno))")
        }
        writer = Mutex(Writer(pointer: pointer))
    }

    deinit { close() }

    /// Puts a state into force, with the faults that are wanted.
    ///
    /// Errors: a full disk.
    func publish(_ state: GPUState, faults: [GPUFault], absent: [Int]) throws(Failure) {
        let code: Int32 = writer.withLock { writer in
            guard let pointer = writer.pointer, let place = mlt_sim_writer_state(pointer) else { return 0 }
            mlt_sim_clear(pointer)
            for call in absent { mlt_sim_set_absent(place, Int32(call)) }
            // First come those of a test: of two that fit, the first one is taken.
            for fault in faults where !fault.isAbsent {
                guard let record = mlt_sim_add_fault(place) else { break }
                record.pointee = mlt_sim_fault(
                    call: Int32(fault.call ?? -1), card: Int32(fault.card ?? -1), code: Int32(fault.code ?? -1),
                    latency_milliseconds: UInt32(fault.latencyMilliseconds), hangs: fault.hangs ? 1 : 0)
            }
            Self.write(state, to: place)
            return mlt_sim_publish(pointer)
        }
        if code != 0 { throw Failure(.environment, "cannot write the state file \(path): \(systemMessage(-code))") }
    }

    /// The driver is gone: libraries answer so, and the file is removed.
    func close() {
        writer.withLock { writer in
            if let pointer = writer.pointer { mlt_sim_close(pointer) }
            writer.pointer = nil
        }
    }

    private static func write(_ state: GPUState, to place: OpaquePointer) {
        mlt_sim_set_machine(
            place, UInt64(max(0, state.unixSeconds) * 1e6), UInt32(state.cards.count), state.driver.version, state.driver.libraryVersion,
            Int32(state.driver.cuda), Int32(state.driverCode))
        if let type = mlt_sim_add_vgpu_type(place) {
            type.pointee.id = UInt32(Passthrough.partType)
            type.pointee.max_instances = UInt32(GPUState.vgpusPerCard)
            type.pointee.max_instances_of_vm = 1
            type.pointee.frame_rate_limit = UInt32(GPUState.vgpuFrameRateLimit)
            type.pointee.display_heads = 4
            type.pointee.framebuffer = UInt64(GPUState.vgpuFramebufferBytes)
            copy(GPUState.vgpuTypeName, to: &type.pointee.name)
            copy("Quadro", to: &type.pointee.class_name)
        }
        for (index, card) in state.cards.enumerated() {
            guard let record = mlt_sim_card_at(place, UInt32(index)) else { break }
            CardRecord(card, index: index, isOld: state.driver.isOld, in: record).write()
            if card.hangs, let fault = mlt_sim_add_fault(place) {
                fault.pointee = mlt_sim_fault(call: -1, card: Int32(index), code: -1, latency_milliseconds: 0, hangs: 1)
            }
        }
        for event in state.events {
            guard let record = mlt_sim_add_event(place) else { break }
            record.pointee = mlt_sim_event(
                time: UInt64(event.unixSeconds * 1e6), type: UInt64(NVML_ABI_EVENT_XID), data: UInt64(event.xid), card: UInt32(event.card),
                gpu_instance: .max, compute_instance: .max)
        }
    }

    /// Copies a text into an array of a C record.
    static func copy<Place>(_ text: String, to place: inout Place) {
        withUnsafeMutableBytes(of: &place) { bytes in
            mlt_sim_text(bytes.baseAddress?.assumingMemoryBound(to: CChar.self), bytes.count, text)
        }
    }
}
