//! What a template takes from outside: the names of its values, and of its filters.
//!
//! minijinja has such a walk of its own. It passes over what a slice is of (`order[:3]`), over the arguments of a filter block,
//! and over a name that is given a value made of itself (`{% set order = order %}`). What a request names and a check does not
//! find, a question need not say; so the walk is ours, over minijinja's own tree.
//!
//! Promises: whatever a template may look up is found, whichever branch it takes.
//! Never: evaluates anything.

use std::collections::BTreeSet;

use minijinja::machinery::ast::{CallArg, Expr, Stmt};

/// The names of a template or an expression.
#[derive(Debug, Default)]
pub(super) struct Names<'a> {
    /// Those of values from outside; nested ones as `a.b`.
    pub(super) values: BTreeSet<String>,
    pub(super) filters: BTreeSet<&'a str>,
    /// What has a value by the template itself, innermost last.
    scopes: Vec<BTreeSet<&'a str>>,
}

impl<'a> Names<'a> {
    pub(super) fn of_expression(expression: &Expr<'a>) -> Names<'a> {
        let mut names = Names::default();
        names.expression(expression);
        names
    }

    pub(super) fn of_template(template: &Stmt<'a>) -> Names<'a> {
        let mut names = Names::default();
        names.scopes.push(BTreeSet::new());
        names.statement(template);
        names
    }

    fn is_inside(&self, name: &str) -> bool {
        self.scopes.iter().any(|scope| scope.contains(name))
    }

    fn declare(&mut self, name: &'a str) {
        if let Some(scope) = self.scopes.last_mut() {
            scope.insert(name);
        }
    }

    /// What a `set`, `with` or `for` gives a value to. Only names, alone or in a list, can stand there.
    fn target(&mut self, target: &Expr<'a>) {
        match target {
            Expr::Var(var) => self.declare(var.id),
            Expr::List(list) => list.items.iter().for_each(|item| self.target(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.target(item)),
            Expr::GetAttr(_)
            | Expr::GetItem(_)
            | Expr::Const(_)
            | Expr::Slice(_)
            | Expr::UnaryOp(_)
            | Expr::BinOp(_)
            | Expr::Compare(_)
            | Expr::IfExpr(_)
            | Expr::Filter(_)
            | Expr::Test(_)
            | Expr::Call(_)
            | Expr::Map(_) => self.expression(target),
        }
    }

    fn block(&mut self, body: &[Stmt<'a>]) {
        self.scopes.push(BTreeSet::new());
        body.iter().for_each(|statement| self.statement(statement));
        self.scopes.pop();
    }

    fn statement(&mut self, statement: &Stmt<'a>) {
        match statement {
            Stmt::Template(template) => template.children.iter().for_each(|child| self.statement(child)),
            Stmt::EmitExpr(emitted) => self.expression(&emitted.expr),
            Stmt::EmitRaw(_) => {}
            Stmt::ForLoop(each) => {
                self.expression(&each.iter);
                self.scopes.push(BTreeSet::from(["loop"]));
                self.target(&each.target);
                each.filter_expr.iter().for_each(|filter| self.expression(filter));
                self.block(&each.body);
                self.scopes.pop();
                self.block(&each.else_body);
            }
            Stmt::IfCond(condition) => {
                self.expression(&condition.expr);
                self.block(&condition.true_body);
                self.block(&condition.false_body);
            }
            Stmt::WithBlock(with) => {
                self.scopes.push(BTreeSet::new());
                for (target, value) in &with.assignments {
                    self.expression(value);
                    self.target(target);
                }
                self.block(&with.body);
                self.scopes.pop();
            }
            Stmt::Set(set) => {
                self.expression(&set.expr);
                self.target(&set.target);
            }
            Stmt::SetBlock(set) => {
                set.filter.iter().for_each(|filter| self.expression(filter));
                self.block(&set.body);
                self.target(&set.target);
            }
            Stmt::AutoEscape(escape) => {
                self.expression(&escape.enabled);
                self.block(&escape.body);
            }
            Stmt::FilterBlock(filtered) => {
                self.expression(&filtered.filter);
                self.block(&filtered.body);
            }
            Stmt::Do(done) => {
                self.expression(&done.call.expr);
                self.arguments(&done.call.args);
            }
        }
    }

    fn arguments(&mut self, arguments: &[CallArg<'a>]) {
        for argument in arguments {
            let (CallArg::Pos(value)
            | CallArg::Kwarg(_, value)
            | CallArg::PosSplat(value)
            | CallArg::KwargSplat(value)) = argument;
            self.expression(value);
        }
    }

    fn expression(&mut self, expression: &Expr<'a>) {
        match expression {
            Expr::Const(_) => {}
            Expr::Var(_) | Expr::GetAttr(_) => self.name(expression),
            Expr::Slice(slice) => {
                self.expression(&slice.expr);
                let bounds = [&slice.start, &slice.stop, &slice.step];
                bounds.into_iter().flatten().for_each(|bound| self.expression(bound));
            }
            Expr::UnaryOp(operation) => self.expression(&operation.expr),
            Expr::BinOp(operation) => {
                self.expression(&operation.left);
                self.expression(&operation.right);
            }
            Expr::Compare(compared) => {
                self.expression(&compared.expr);
                compared.ops.iter().for_each(|next| self.expression(&next.expr));
            }
            Expr::IfExpr(chosen) => {
                self.expression(&chosen.test_expr);
                self.expression(&chosen.true_expr);
                chosen.false_expr.iter().for_each(|otherwise| self.expression(otherwise));
            }
            Expr::Filter(filter) => {
                self.filters.insert(filter.name);
                filter.expr.iter().for_each(|value| self.expression(value));
                self.arguments(&filter.args);
            }
            Expr::Test(test) => {
                self.expression(&test.expr);
                self.arguments(&test.args);
            }
            Expr::GetItem(item) => {
                self.expression(&item.expr);
                self.expression(&item.subscript_expr);
            }
            Expr::Call(call) => {
                self.expression(&call.expr);
                self.arguments(&call.args);
            }
            Expr::List(list) => list.items.iter().for_each(|item| self.expression(item)),
            Expr::Tuple(tuple) => tuple.items.iter().for_each(|item| self.expression(item)),
            Expr::Map(map) => map.keys.iter().chain(&map.values).for_each(|part| self.expression(part)),
        }
    }

    /// A name, or a chain of fields (`order.item`) that begins with one; of any other value the fields say nothing.
    fn name(&mut self, expression: &Expr<'a>) {
        let (mut at, mut fields) = (expression, Vec::new());
        while let Expr::GetAttr(field) = at {
            fields.push(field.name);
            at = &field.expr;
        }
        let Expr::Var(var) = at else { return self.expression(at) };
        if !self.is_inside(var.id) {
            let chain: Vec<&str> = [var.id].into_iter().chain(fields.into_iter().rev()).collect();
            self.values.insert(chain.join("."));
        }
    }
}
