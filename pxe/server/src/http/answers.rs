//! What each path answers. Who asks is the address of the socket, and the card that the link knows
//! behind it.

use std::net::SocketAddr;
use std::time::Instant;

use http::header::CONTENT_TYPE;
use http::{Method, Request, Response};
use hyper::body::Incoming;
use machine_core::id::BootId;

use crate::directory::{Directory, DocumentRefusal, DocumentRequest, ScriptAnswer, ScriptRefusal};
use crate::http::HttpServer;
use crate::http::body::AssetBody;
use crate::http::connection::Connection;
use crate::http::query::{board, script_request};
use crate::http::range::{Range, requested_range};
use crate::http::reply::{
    Reply, header_of, not_allowed, not_found, script_text, too_often, unavailable, with_header,
};
use crate::http::route::Route;
use crate::neighbour::find_neighbour;
use crate::script::{answer_script, draw_pause, first_script};

impl<D: Directory> HttpServer<D> {
    pub(super) async fn answer(&self, connection: Connection, request: Request<Incoming>) -> Reply {
        let head_only = request.method() == Method::HEAD;
        let route = Route::of(request.uri());
        let is_report = matches!(route, Some(Route::Report { .. }));
        if !is_report && !head_only && request.method() != Method::GET {
            self.complaints
                .note(connection.peer, &"a method other than GET and HEAD");
            return not_allowed("GET, HEAD");
        }
        let Some(route) = route else {
            self.complaints
                .note(connection.peer, &"a path that is not served");
            return not_found();
        };
        let reply = match route {
            Route::First { boot } => script_text(first_script(base(connection), boot)),
            // It would claim the attempt, or make a machine, for an answer that nobody reads.
            Route::Document { .. } | Route::Script { .. } if head_only => {
                self.complaints.note(
                    connection.peer,
                    &"HEAD of a script or document, which are for GET only",
                );
                not_allowed("GET")
            }
            Route::Script { boot } => self.script(connection, boot, request.uri().query()).await,
            Route::Asset { digest, boot } => {
                // A range is of GET only (RFC 9110 §14.2).
                let range = if head_only {
                    Range::Whole
                } else {
                    requested_range(request.headers())
                };
                self.asset(connection.peer, (&digest, boot), range, head_only)
            }
            Route::Loader { file, boot } => self.loader(connection, (&file, boot), head_only).await,
            Route::Document { token, name } => {
                let (uuid, serial) = board(request.uri().query().unwrap_or_default());
                let (peer, hardware) = (connection.peer, None);
                let asked = DocumentRequest {
                    token,
                    name,
                    peer,
                    hardware,
                    uuid,
                    serial,
                };
                self.document(asked).await
            }
            Route::Report { token, name } => {
                self.report(connection.peer, (token, name), request).await
            }
        };
        if head_only { header_of(reply) } else { reply }
    }

    async fn script(&self, connection: Connection, boot: BootId, query: Option<&str>) -> Reply {
        let peer = connection.peer;
        let seen = (peer, find_neighbour(peer).await);
        let request = script_request(boot, seen, query.unwrap_or_default());
        match self.directory.script(request.clone()).await {
            Ok(answer) => script_text(answer_script(
                &answer,
                base(connection),
                &request,
                draw_pause(),
            )),
            Err(ScriptRefusal::NotFound) => {
                self.complaints
                    .note(connection.peer, &"the script of a boot that is not its own");
                // Not a 404: the script that asked would ask for ever, and a stranger whose boot
                // was forgotten over a restart would hang. Its disk is the default answer.
                let because = "there is no such boot here".to_owned();
                let leave = ScriptAnswer::LocalDisk { because };
                script_text(answer_script(
                    &leave,
                    base(connection),
                    &request,
                    draw_pause(),
                ))
            }
            Err(ScriptRefusal::Unavailable(error)) => {
                self.complaints
                    .note(connection.peer, &format!("no script: {error}"));
                unavailable()
            }
        }
    }

    async fn document(&self, asked: DocumentRequest) -> Reply {
        let peer = asked.peer;
        if !self.guesses.admits(peer, Instant::now()) {
            self.complaints.note(
                peer,
                &"it asks for documents that are not for it, too often",
            );
            return too_often();
        }
        let hardware = find_neighbour(peer).await;
        match self
            .directory
            .document(DocumentRequest { hardware, ..asked })
            .await
        {
            Ok(document) => {
                let reply = Response::new(AssetBody::new(document.body));
                with_header(reply, CONTENT_TYPE, document.media_type)
            }
            Err(DocumentRefusal::Refused) => {
                self.guesses.refused(peer, Instant::now());
                self.complaints.note(peer, &"a document that is not for it");
                not_found()
            }
            Err(DocumentRefusal::Unavailable(error)) => {
                self.complaints.note(peer, &format!("no document: {error}"));
                unavailable()
            }
        }
    }
}

/// The URL of this server as the peer reached it.
pub(super) fn base(connection: Connection) -> SocketAddr {
    SocketAddr::new(
        connection.local.ip().to_canonical(),
        connection.local.port(),
    )
}
