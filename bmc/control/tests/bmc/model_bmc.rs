//! The model of a BMC on a UDP port: it speaks suite 17 and keeps all boot flags.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

#[path = "../../../ipmi/tests/model/mod.rs"]
#[expect(dead_code, reason = "the tests of the state machine use more of it")]
pub(crate) mod model;

/// A model that answers until it is dropped.
#[derive(Debug)]
pub(crate) struct ModelBmc {
    pub(crate) address: SocketAddr,
    pub(crate) bmc: Arc<Mutex<model::Bmc>>,
    task: JoinHandle<()>,
}

impl ModelBmc {
    pub(crate) async fn start(bmc: model::Bmc) -> Self {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let address = socket.local_addr().unwrap();
        let bmc = Arc::new(Mutex::new(bmc));
        let shared = bmc.clone();
        let task = tokio::spawn(async move {
            let mut buffer = [0; 1024];
            while let Ok((length, from)) = socket.recv_from(&mut buffer).await {
                let answer = shared.lock().unwrap().answer(&buffer[..length]);
                if let Some(answer) = answer {
                    let _ = socket.send_to(&answer, from).await;
                }
            }
        });
        Self { address, bmc, task }
    }
}

impl Drop for ModelBmc {
    fn drop(&mut self) {
        self.task.abort();
    }
}
