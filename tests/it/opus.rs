//! An Opus recording as a player hears it.
//!
//! Promises: every page is held against its checksum; the two tracks are decoded apart.
//! Never: shares code with the writer.

use std::fs::File;
use std::path::Path;

use audiopus::coder::Decoder;
use audiopus::{Channels, SampleRate};
use ogg::PacketReader;

/// Samples of 60 ms at 8 kHz.
const FRAME: usize = 480;

/// The caller's and the agent's track, as far as whole pages are on disk.
pub(crate) fn played(path: &Path) -> [Vec<i16>; 2] {
    let mut packets = PacketReader::new(File::open(path).unwrap());
    assert!(packets.read_packet_expected().unwrap().data.starts_with(b"OpusHead\x01\x02"));
    assert!(packets.read_packet_expected().unwrap().data.starts_with(b"OpusTags"));
    let mut tracks =
        [(); 2].map(|()| (Decoder::new(SampleRate::Hz8000, Channels::Mono).unwrap(), Vec::new()));
    while let Ok(Some(packet)) = packets.read_packet() {
        // RFC 6716, appendix B: the first stream tells its length behind its first byte.
        let data = &packet.data;
        let (length, from) = match usize::from(data[1]) {
            short @ 0..252 => (short, 2),
            long => (long + 4 * usize::from(data[2]), 3),
        };
        let first = [&data[..1], &data[from..from + length]].concat();
        for ((decoder, track), coded) in tracks.iter_mut().zip([first, data[from + length..].to_vec()]) {
            let mut sound = [0; FRAME];
            let (packet, signal) = ((&coded).try_into().unwrap(), (&mut sound[..]).try_into().unwrap());
            assert_eq!(decoder.decode(Some(packet), signal, false).unwrap(), FRAME);
            track.extend(sound);
        }
    }
    tracks.map(|(_, track)| track)
}
