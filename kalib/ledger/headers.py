"""What do offices call our columns? Their names in nine languages, and which of ours a header is by name."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

from kalib.ledger.source import BLANKS

LANGUAGES = ("en", "zh", "de", "fr", "es", "ja", "ko", "pt", "it")

_ID = "(id|no|nr|num|number|code|key|ref)?"
_ZH_ID = "(编号|编码|代码|代号|号码|号|账号|帐号|id)?"
_DE_ID = "(id|nr|nummer|no|code|kennung|schlussel)?"
_FR_ID = "(n|no|num|numero|code|id|ref|reference|identifiant)"
_ES_ID = "(n|no|num|numero|codigo|cod|id|ref|referencia|clave)"
_JA_ID = "(コード|番号|no|id)"
_KO_ID = "(번호|코드|no|id)"
_PT_ID = "(n|no|num|numero|codigo|cod|id|ref|referencia)"
_IT_ID = "(n|no|nr|num|numero|codice|cod|id|rif|riferimento)"
_FR_OF, _ES_OF, _PT_OF, _IT_OF = "(du|dela|de|d|l)?", "(dela|del|de)?", "(do|da|dos|das|de)?", "(dell|della|del|di|d)?"

NAMES: dict[str, tuple[dict[str, str], ...]] = {
    "customer_id": (
        {
            "en": "(customer|cust|client|buyer|member|debtor|shopper|soldto|soldtoparty|soldtopt)(id|no|nr|num|number|code|key)?"
            "|kunnr|kunag",
            "zh": f"(客户|顾客|会员|买家|客商|经销商|购货单位|往来单位){_ZH_ID}",
            "de": f"(kunden?|kd|debitor(en)?|kaufer|besteller|mitglieds?|auftraggeber){_DE_ID}",
            "fr": f"{_FR_ID}?{_FR_OF}(client|acheteur|compteclient|adherent)(id|no|n)?",
            "es": f"{_ES_ID}?{_ES_OF}(cliente|comprador|socio)(id|no)?",
            "ja": f"(顧客|得意先|取引先|お?客様|会員|購入者){_JA_ID}",
            "ko": f"(고객|거래처|회원|구매자){_KO_ID}",
            "pt": f"{_PT_ID}?{_PT_OF}(cliente|comprador|consumidor)(id|no)?",
            "it": f"{_IT_ID}?{_IT_OF}(cliente|acquirente|compratore)(id|no)?",
        },
        {
            "en": "(account|acct|user|reseller|dealer|distributor|wholesaler|retailer|billto|billtoparty|payer)"
            "(id|no|nr|num|number|code|key)?|(store|shop|outlet)key|(customer|buyer|client|contact|billing)?email(address)?",
            "zh": f"用户{_ZH_ID}|(买家|客户|用户)邮箱",
            "de": f"(konto|benutzer|handler|vertriebspartner|regulierer){_DE_ID}|(kunden)?email(adresse)?",
            "fr": f"{_FR_ID}?{_FR_OF}(compte|utilisateur|revendeur)(id|no|n)?|(email|courriel|adresseemail){_FR_OF}(client)?",
            "es": f"{_ES_ID}?{_ES_OF}(cuenta|usuario|distribuidor)(id|no)?|(correo|email|correoelectronico){_ES_OF}(cliente)?",
            "ja": f"(ユーザー?|販売店|代理店){_JA_ID}?|メールアドレス",
            "ko": f"(사용자|대리점){_KO_ID}?|(구매자)?이메일",
            "pt": f"{_PT_ID}?{_PT_OF}(conta|usuario|utilizador|revendedor)(id|no)?|email{_PT_OF}(cliente|comprador)?",
            "it": f"{_IT_ID}?{_IT_OF}(conto|utente|rivenditore)(id|no)?|email{_IT_OF}(cliente)?",
        },
        {
            "en": "(customer|client|account|buyer|company|contact|reseller|dealer|debtor)(full|account)?name|company|contact",
            "zh": "(客户|顾客|会员|买家|公司|购货单位|往来单位)(名称|姓名|名|全称|简称)|(买家|客户|会员|用户)(会员名|昵称)",
            "de": "(kunden?|firmen?|debitoren)name|firma",
            "fr": f"nom{_FR_OF}(client|societe|entreprise)|raisonsociale|societe",
            "es": f"nombre{_ES_OF}(cliente|empresa)|razonsocial|empresa",
            "ja": "(顧客|得意先|取引先|お?客様|会員|会社)名?",
            "ko": "(고객|거래처|회원|구매자|회사)(명|이름)?",
            "pt": f"(nome|razaosocial){_PT_OF}(cliente|empresa)|razaosocial|empresa",
            "it": f"(nome|ragionesociale|denominazione){_IT_OF}(cliente|azienda)|ragionesociale|azienda|denominazione",
        },
        {
            "en": "(recipient|consignee|billing|shipto|shipping|receiver)(full|customer)?(name)?|(ship|bill)toname",
            "zh": "(收货人|收件人|联系人)(姓名|名称)?",
            "de": "(rechnungs|liefer)?empfanger(name)?|(rechnungs|liefer)name",
            "fr": f"(nom{_FR_OF})?destinataire",
            "es": f"(nombre{_ES_OF})?destinatario",
            "ja": "(受取人|届け先|配送先|お届け先)(氏名|名)?",
            "ko": "(수취인|수령인|받는사람)(명|이름)?",
            "pt": f"(nome{_PT_OF})?destinatario",
            "it": f"(nome{_IT_OF})?destinatario",
        },
    ),
    "order_id": (
        {
            "en": f"(amazon|sales|web)?order{_ID}|orderref(erence)?|sales(document|doc){_ID}|vbeln",
            "zh": f"(主|销售|线上|平台|原始)?订单{_ZH_ID}|销售单{_ZH_ID}",
            "de": f"((verkaufs|kunden)?auftrags?|bestell(ung|ungs)?){_DE_ID}|verkaufsbeleg{_DE_ID}",
            "fr": f"{_FR_ID}?{_FR_OF}(commande|cde)(id|no|n)?",
            "es": f"{_ES_ID}?{_ES_OF}(pedido|orden)(id|no)?",
            "ja": f"(注文|受注|オーダー){_JA_ID}?",
            "ko": f"(주문|수주){_KO_ID}?",
            "pt": f"{_PT_ID}?{_PT_OF}(pedido|encomenda)(venda)?(id|no)?",
            "it": f"{_IT_ID}?{_IT_OF}ordine(id|no|vendita)?",
        },
        {
            "en": f"(invoice|receipt|transaction|basket|ticket){_ID}|(billing)?(document|doc)(id|no|nr|num|number)?"
            "|(bill|so)(id|no|nr|num|number)",
            "zh": "单号|流水号|(单据|发票|出库单|发货单|小票|交易|合同)(编号|号码|号)",
            "de": f"(rechnungs?|beleg|bon|vorgangs?|transaktions?|lieferschein){_DE_ID}",
            "fr": f"{_FR_ID}{_FR_OF}(piece|document|bl|bondelivraison)|{_FR_ID}?{_FR_OF}(facture|ticket|transaction)",
            "es": f"{_ES_ID}{_ES_OF}(documento|operacion)|{_ES_ID}?{_ES_OF}(factura|albaran|ticket|recibo|transaccion)",
            "ja": f"(伝票|請求書?|取引|納品書?|レシート|売上){_JA_ID}",
            "ko": f"(전표|송장|거래|영수증|청구서|계산서|문서){_KO_ID}",
            "pt": f"{_PT_ID}{_PT_OF}(documento|transacao|venda)|{_PT_ID}?{_PT_OF}(fatura|notafiscal|nf|nfe|recibo|transacao)",
            "it": f"{_IT_ID}{_IT_OF}(documento|doc|operazione|vendita)|{_IT_ID}?{_IT_OF}(fattura|scontrino|ricevuta|transazione|ddt)",
        },
        {
            "en": "po(id|no|nr|num|number)|purchaseorder(id|no|nr|num|number)?|opportunity(id|name|number)?|num",
            "zh": "(源单|来源单|采购订单)(编号|号)",
            "de": "kundenbestell(nr|nummer)",
            "fr": "(numero|ref|no)boncommandeclient",
            "es": "(numero|num|no)ordencompra",
            "ja": "(発注|お客様注文)番号",
            "ko": "발주번호",
            "pt": "(numero|num|no)ordem(de)?compra",
            "it": "(numero|num|nr|no)ordine(di)?acquisto",
        },
    ),
    "order_date": (
        {
            "en": "(order|ordered)(date|day|datetime|time|timestamp|at|on)",
            "zh": "(下单|订单|订货)(日期|时间)",
            "de": "(auftrags?|bestell|order)(datum|tag|zeit|zeitpunkt)|bestelltam",
            "fr": f"date{_FR_OF}(commande|cde)|commandele",
            "es": f"fecha{_ES_OF}(pedido|orden)",
            "ja": "(注文|受注|オーダー)(年月日|日付|日時|日)",
            "ko": "(주문|수주)(일자|일시|날짜|일)",
            "pt": f"data{_PT_OF}(pedido|encomenda)",
            "it": f"data{_IT_OF}ordine",
        },
        {
            "en": "(purchase|sales?|transaction|trans|invoice|bill|billing|receipt|document|doc|posting)(date|day|datetime|time)"
            "|audat|fkdat",
            "zh": "(购买|销售|交易|成交|消费|开票|发票|单据|业务)(日期|时间)",
            "de": "(kauf|verkaufs?|rechnungs?|beleg|buchungs?|umsatz|transaktions?)(datum|tag)",
            "fr": f"date{_FR_OF}(achat|vente|facture|facturation|piece|transaction|document|ticket)",
            "es": f"fecha{_ES_OF}(compra|venta|factura|facturacion|transaccion|documento|operacion|emision)",
            "ja": "(購入|購買|売上|販売|取引|請求|伝票|計上)(年月日|日付|日時|日)",
            "ko": "(구매|판매|매출|거래|청구|전표|계산서)(일자|일시|날짜|일)",
            "pt": f"data{_PT_OF}(compra|venda|fatura|faturacao|faturamento|transacao|documento|emissao|notafiscal|movimento)",
            "it": f"data{_IT_OF}(acquisto|vendita|fattura|fatturazione|transazione|documento|doc|emissione|registrazione|operazione)",
        },
        {
            "en": "date|datetime|timestamp|day",
            "zh": "日期|时间",
            "de": "datum|tag|zeitpunkt",
            "fr": "date|jour|horodatage",
            "es": "fecha|fechahora|fechayhora|dia",
            "ja": "日付|日時|年月日",
            "ko": "일자|날짜|일시",
            "pt": "data|datahora|dataehora|dia",
            "it": "data|dataora|giorno",
        },
        {
            "en": "created?(date|time|at|on)?|creation(date|time)|erdat",
            "zh": "(订单)?(创建|制单)(日期|时间)",
            "de": "(erstell|erstellungs|anlage)datum|(erstellt|angelegt)am",
            "fr": f"date{_FR_OF}creation|creele",
            "es": f"fecha{_ES_OF}(creacion|alta)",
            "ja": "(作成|登録)(日時|日付|日)",
            "ko": "(생성|등록|작성)(일자|일시|일)",
            "pt": f"data{_PT_OF}(criacao|cadastro|registo|registro)|criadoem",
            "it": f"data{_IT_OF}(creazione|inserimento)|creatoil",
        },
    ),
    "quantity": (
        {
            "en": "(order|ordered|invoiced?|sales|sold|item|line|billed|shipped)?(quantity|qty|units|pieces|pcs)"
            "|units(sold|ordered)|(quantity|qty)(sold|ordered|shipped|purchased)|kwmeng|fkimg",
            "zh": "(订货|订单|销售|购买|下单|出库|发货|商品|实发|宝贝|宝贝总)?(数量|件数)|销量",
            "de": "(bestell|liefer|verkaufs|rechnungs|artikel|auftrags)?(menge|stuckzahl|anzahl|stuck)",
            "fr": "(quantite|qte|qt)s?(commandee|vendue|facturee|livree)?s?|unites(vendues)?|nombredepieces",
            "es": "(cantidad|cant|unidades|uds|piezas)(pedidas?|vendidas?|facturadas?)?",
            "ja": "(注文|受注|販売|売上|出荷|購入)?(数量|個数|点数)",
            "ko": "(주문|판매|구매|출고)?(수량|개수)",
            "pt": "(quantidade|qtde?|quant|unidades|pecas)(vendidas?|pedidas?|faturadas?)?",
            "it": "(quantita|qta|qt|pezzi|unita)(ordinata|venduta|fatturata|consegnata)?",
        },
    ),
    "unit_price": (
        {
            "en": "(unit|sales?|selling|item|net|list|gross)?price(perunit|each)?|unitamount|itemrate",
            "zh": "(商品|销售|含税|不含税|无税|成交|实际|零售)?(单价|售价|价格)",
            "de": "(einzel|stuck|verkaufs|vk|netto|brutto|listen|einheits)?preis((pro|je)(stuck|einheit)|netto|brutto)?",
            "fr": f"(prix|pu){_FR_OF}(unitaire|unit|vente|catalogue)?(net|brut)?(ht|ttc)?",
            "es": f"(precio|pvp){_ES_OF}(unitario|unit|unidad|venta|porunidad)?(neto|bruto)?",
            "ja": "(販売|売|税込|税抜|商品|標準)?(単価|価格)",
            "ko": "(판매|단위|공급|개당|상품)?(단가|가격)|판매가",
            "pt": f"(preco|valor){_PT_OF}(unitario|unit|unidade|porunidade)|preco{_PT_OF}(venda|liquido)?",
            "it": f"prezzo{_IT_OF}(unitario|unit|vendita|listino)?(netto|lordo)?",
        },
    ),
    "amount": (
        {
            "en": "(line|order|invoice|sales?|net|gross|grand|item)?"
            "(total|amount|amt|value|revenue|turnover)(amount|price|sales|value)?|(net|gross|total)?sales?"
            "|(total|line)price|subtotal|netwr|netvalueindocumentcurrency",
            "zh": "(订单|销售|成交|实付|应付|应收|商品|含税|不含税|无税|原币|本币|交易|消费|总|合计|支付|开票|实收|明细|行)*(金额|总额)"
            "|总价|总计|合计|小计|销售额|成交额|消费额|营业额|实付款?|货款|价税合计",
            "de": "(netto|brutto|gesamt|rechnungs?|auftrags?|positions?|bestell|zeilen|verkaufs|umsatz|waren)*"
            "(betrag|summe|umsatz|wert|erlose?)(netto|brutto|gesamt)?|gesamt|(gesamt|positions)preis",
            "fr": f"montants?{_FR_OF}(commande|facture|ligne|vente)?(total|net|brut)?(ht|ttc)?"
            "|(prix)?total(general|ligne|commande|facture|net|brut)?(ht|ttc)?|ca(ht|ttc)?|chiffredaffaires?|ventesnettes",
            "es": f"(importe|monto){_ES_OF}(linea|venta|factura|pedido)?(total|neto|bruto)*"
            f"|total{_ES_OF}(linea|factura|pedido|venta)?(neto|bruto)?|(precio|valor)total|ventas(netas|brutas)?|facturacion",
            "ja": "(売上|販売|注文|受注|合計|税込|税抜|請求|購入|取引|明細)*金額|(売上|販売|注文|購入|請求)(総額|額|高)"
            "|合計|小計|総額|売上",
            "ko": "(판매|매출|주문|구매|거래|결제|총|합계|청구)*금액|(판매|매출|주문|구매|총|공급가?)액|합계|소계|총계|매출",
            "pt": f"(valor|montante|importancia){_PT_OF}(linha|item|venda|pedido|fatura)?(total|liquido|bruto)*|total{_PT_OF}(linha|pedido|venda|fatura)?(liquido|bruto|geral)?|(preco)total|vendas(liquidas|brutas)?|faturamento|receita",
            "it": f"importo{_IT_OF}(riga|vendita|ordine|fattura)?(totale|netto|lordo)*|totale{_IT_OF}(riga|ordine|fattura|vendita|netto|lordo|generale)?|(prezzo|valore)totale|imponibile|fatturato|vendite|ricavi",
        },
        {
            "en": "extended(amount|price|total|value)|listamount",
            "zh": "(吊牌|标价|原价|折前)(金额|总额)",
            "de": "(listen|brutto)warenwert|listenbetrag",
            "fr": "montantavantremise",
            "es": "importeantes(de)?descuento",
            "ja": "(定価|割引前)金額",
            "ko": "(정가|할인전)금액",
            "pt": "valorantes(do)?desconto",
            "it": "importoprima(dello)?sconto",
        },
    ),
    "cost": (
        {
            "en": "(unit|total|line|product|standard)?(cost|cogs)(price|amount|ofgoods|ofgoodssold)?",
            "zh": "(单位|总|商品|销售|采购)?成本(价|金额|额|单价)?|进价",
            "de": "(waren|gesamt|herstell|stuck|einstands|material|selbst)?kosten|wareneinsatz|(einstands|einkaufs|ek)preis",
            "fr": f"couts?{_FR_OF}(total|unitaire|achat|revient|ventes|marchandises)?|prix{_FR_OF}(achat|revient)",
            "es": f"cost[eo]s?{_ES_OF}(total|unitario|ventas?|mercancia)?|precio{_ES_OF}(compra|cost[eo])",
            "ja": "(売上|商品|仕入|標準)?原価(金額|単価|額)?|仕入(金額|価格|額)",
            "ko": "(매출|판매|제품|상품)?원가|매입(가|금액|단가)",
            "pt": f"custos?{_PT_OF}(total|unitario|vendas?|mercadorias?|produto)?|preco{_PT_OF}(custo|compra)",
            "it": f"cost[oi]{_IT_OF}(totale|unitario|venduto|merce|prodotto)?|prezzo{_IT_OF}(acquisto|costo)",
        },
    ),
    "product": (
        {
            "en": f"(product|item|sku|stock|article|material|part|goods|lineitemsku){_ID}|upc|ean|asin|matnr|inventoryitemcode",
            "zh": f"(商品|产品|货品|物料|存货){_ZH_ID}|货号|款号|条码",
            "de": f"(artikel|produkt|waren|material|teile){_DE_ID}|sachnummer",
            "fr": f"{_FR_ID}?{_FR_OF}(article|produit)(id|no)?|reference",
            "es": f"{_ES_ID}?{_ES_OF}(producto|articulo)(id|no)?|referencia",
            "ja": f"(商品|製品|品目){_JA_ID}|品番|型番|jan(コード)?",
            "ko": f"(상품|제품|품목){_KO_ID}|품번",
            "pt": f"{_PT_ID}?{_PT_OF}(produto|artigo|mercadoria)(id|no)?|referencia|sku",
            "it": f"{_IT_ID}?{_IT_OF}(prodotto|articolo)(id|no)?",
        },
        {
            "en": "(product|item|article|lineitem|material)?(name|description)|productservice(fullname|name)?",
            "zh": "(商品|产品|货品|物料|存货)(名称|名|描述)|品名|宝贝标题",
            "de": "(artikel|produkt|waren)(bezeichnung|name|beschreibung)|bezeichnung",
            "fr": f"designation|libelle(article|produit)?|(nom|description){_FR_OF}(article|produit)",
            "es": f"(nombre|descripcion){_ES_OF}(producto|articulo)",
            "ja": "(商品|製品|品目|品)名称?|商品|製品",
            "ko": "(상품|제품|품목|품)(명|이름)|상품|제품|품목",
            "pt": f"(nome|descricao|designacao){_PT_OF}(produto|artigo)|descricao",
            "it": f"(nome|descrizione){_IT_OF}(prodotto|articolo)|descrizione",
        },
    ),
    "category": (
        {
            "en": "(product|item)?(category|family|group|department|dept|class|line)(name|code)?",
            "zh": "(商品|产品)?(品类|类别|类目|分类|大类|种类)(名称|编码)?",
            "de": "(waren|artikel|produkt|material)(gruppen?|kategorie|klasse|familie|bereich)(name|bezeichnung|code|nr)?"
            "|kategorie|sparte",
            "fr": f"(categorie|famille|gamme|rayon){_FR_OF}(articles?|produits?)?",
            "es": f"(categoria|familia){_ES_OF}(productos?|articulos?)?|(linea|grupo){_ES_OF}(productos?|articulos?)",
            "ja": "(商品|製品)?(カテゴリー?|分類|ジャンル)|(商品|製品)(区分|部門)",
            "ko": "(상품|제품)?(카테고리|분류|대분류)|(품목|제품|상품)군",
            "pt": f"(categoria|familia|grupo|linha){_PT_OF}(produtos?|artigos?)|categoria|familia",
            "it": f"(categoria|famiglia|gruppo|linea|reparto){_IT_OF}(prodotti|prodotto|articoli|articolo|merceologica)|categoria|famiglia|categoriamerceologica",
        },
    ),
    "discount": (
        {
            "en": "(line|total|order)?discount(amount|amt|rate|pct|percent|value)?",
            "zh": "折扣(额|率|金额)?|优惠(金额|额)?",
            "de": "(positions|zeilen|gesamt|artikel)?(rabatt|nachlass)(betrag|satz|prozent|wert)?",
            "fr": f"(montant|taux)?{_FR_OF}(remise|rabais|reduction)s?(ligne|ht)?",
            "es": f"(importe|porcentaje)?{_ES_OF}(descuento|dto|dcto)s?",
            "ja": "(値引き?|割引)(額|率|金額)?",
            "ko": "할인(액|율|률|금액)?",
            "pt": f"(valor|percentual|percentagem)?{_PT_OF}(desconto|desc)s?",
            "it": f"(importo|percentuale)?{_IT_OF}scont[oi](riga|percentuale)?",
        },
    ),
    "currency": (
        {
            "en": "(order|sales|document|doc|transaction|trans|invoice|payment)?(currency|curr|ccy)(code|iso)?|waerk",
            "zh": "(结算|交易|订单|支付|原)?(币种|货币|币别)(代码|编码)?",
            "de": "(beleg|auftrags|rechnungs|transaktions)?wahrung(s?(code|kennzeichen|schlussel))?",
            "fr": "(code)?(devise|monnaie)",
            "es": f"(codigo)?{_ES_OF}(moneda|divisa)",
            "ja": "通貨(コード|単位)?",
            "ko": "통화(코드|단위)?",
            "pt": f"(codigo)?{_PT_OF}(moeda|divisa)",
            "it": f"(codice)?{_IT_OF}(valuta|divisa)",
        },
    ),
    "order_type": (
        {
            "en": "(order|document|doc|transaction|invoice|sales)type",
            "zh": "(订单|单据|业务|交易)类型",
            "de": "(auftrags?|beleg|rechnungs?|bestell|vorgangs?)(art|typ)",
            "fr": f"type{_FR_OF}(commande|document|piece|facture|transaction|vente)",
            "es": f"tipo{_ES_OF}(pedido|documento|factura|transaccion|venta|operacion)",
            "ja": "(注文|受注|取引|伝票|売上)(区分|種別|タイプ)",
            "ko": "(주문|거래|전표|문서|판매)(유형|구분|종류)",
            "pt": f"tipo{_PT_OF}(pedido|documento|fatura|transacao|venda|operacao|encomenda|nota)",
            "it": f"tipo{_IT_OF}(ordine|documento|doc|fattura|transazione|vendita|operazione)",
        },
    ),
    "order_status": (
        {
            "en": "(order|payment|financial|fulfil?lment|document|doc|transaction|trans|invoice|sales?|line|item|delivery|shipping"
            "|shipment|refund|return|overall|processing)*(status|stage)(code|name|description|text)?"
            "|(is)?(cancell?ed|void|voided|returned)|cancell?ation|orderstate",
            "zh": "(订单|交易|单据|付款|支付|发货|退款|退货|售后|商品|审核|处理|业务|物流|发票)*状态|是否(取消|作废|退款|退货|关闭)|作废标[志识]",
            "de": "(auftrags?|bestell|rechnungs?|zahlungs?|beleg|versand|liefer|vorgangs?|gesamt|transaktions?)?status"
            "|storno(kennzeichen)?|storniert",
            "fr": f"(statut|etat){_FR_OF}(commande|paiement|facture|livraison|document|transaction|vente)|statut|annulee?",
            "es": f"(estado|estatus|situacion){_ES_OF}(pedido|pago|factura|envio|documento|orden|transaccion|venta)|estatus"
            "|situacion|anulad[oa]|cancelad[oa]",
            "ja": "(注文|受注|決済|支払|出荷|配送|取引|伝票|処理)?(ステータス|状態|状況)|(キャンセル|取消)(区分|フラグ)?",
            "ko": "(주문|결제|배송|거래|처리|전표|클레임)?상태|취소(여부|구분)?",
            "pt": f"(estado|status|situacao){_PT_OF}(pedido|pagamento|encomenda|fatura|nota|entrega|venda|transacao)|status"
            "|situacao|anulad[oa]|cancelad[oa]",
            "it": f"stato{_IT_OF}(ordine|pagamento|fattura|spedizione|documento|transazione|vendita)|annullat[oa]",
        },
        {
            "en": "state",
            "zh": "状况",
            "de": "zustand",
            "fr": "etat",
            "es": "estado",
            "ja": "進捗",
            "ko": "상황",
            "pt": "estado",
            "it": "stato",
        },
    ),
    "refund": (
        {
            "en": "(total|order|item|line)?refund(s|ed)?(amount|amt|value|total)?|(amount|total|value)(refunded|returned)"
            "|returned?(amount|amt|value|sales)|credited(amount|value)",
            "zh": "(已|实际|累计|订单|商品|总)*(退款|退货|退回)总?(金额|额)|已?退款|返款金额",
            "de": "(gesamt)?(ruck)?erstattung(en|s?betrag)?|(ruck)?erstattet(er)?(betrag)?|retouren(betrag|wert)|gutschrift(s?betrag)?",
            "fr": f"montants?{_FR_OF}(rembourse|remboursement|avoir|retour)s?|remboursements?|rembourse",
            "es": f"(importe|monto|total){_ES_OF}(reembolsado|reembolso|devuelto|devolucion|abonado)|reembolsos?|reembolsado",
            "ja": "(返金|払戻)(金額|額)?|返品(金額|額)",
            "ko": "(환불|환급)(금액|액)?|반품(금액|액)",
            "pt": f"(valor|montante|total){_PT_OF}(reembolsado|reembolso|devolvido|devolucao|estornado|estorno)|reembolsos?"
            "|reembolsado|estornos?",
            "it": f"(importo|totale|valore){_IT_OF}(rimborsato|rimborso|reso|restituito)|rimbors[oi]|rimborsato",
        },
    ),
    "due_date": (
        {
            "en": "(payment|net)?due(date|on)?(key)?",
            "zh": "到期(日期|日|时间)|付款期限|(应付|应收)日期",
            "de": "falligkeit(sdatum|stag)?|falligam|zahlungsziel",
            "fr": f"(date)?{_FR_OF}echeance|datelimite{_FR_OF}paiement",
            "es": f"(fecha)?{_ES_OF}vencimiento",
            "ja": "(支払|入金|決済|回収)(期日|期限|予定日)",
            "ko": "만기(일|일자)|(지급|결제|납부|입금)(기한|예정일)",
            "pt": f"(data)?{_PT_OF}vencimento",
            "it": f"(data)?{_IT_OF}scadenza",
        },
    ),
    "paid_date": (
        {
            "en": "(paid|payment|settlement|settled)(date|on|at|time)",
            "zh": "(订单|买家)?(付款|支付|回款|收款|到账)(日期|时间)",
            "de": "(zahlungs?|zahl|bezahl|zahlungseingangs)(datum|tag)|(bezahlt|gezahlt)am|zahlungseingang",
            "fr": f"date{_FR_OF}(paiement|reglement|encaissement)|(paye|regle)le",
            "es": f"fecha{_ES_OF}(pago|cobro)",
            "ja": "(支払|入金|決済)(年月日|日付|日)",
            "ko": "(입금|지급|결제|납부|수금)(일자|일)",
            "pt": f"data{_PT_OF}(pagamento|recebimento|quitacao)|pagoem",
            "it": f"data{_IT_OF}(pagamento|incasso|saldo)|pagatoil",
        },
    ),
    "paid_amount": (
        {
            "en": "(paid|payment|settled|received)(amount|amt)|amount(paid|received)",
            "zh": "(已付|已收|回款|收款|已回款)(金额|款|额)",
            "de": "(gezahlter|bezahlter)betrag|(zahl|zahlungs)betrag|(bezahlt|gezahlt)",
            "fr": "montant(paye|regle|encaisse)",
            "es": "(importe|monto)(pagado|cobrado)",
            "ja": "(支払|入金|決済)済?(金額|額)",
            "ko": "(입금|지급|수금|납부)(액|금액)",
            "pt": "(valor|montante)(pago|recebido)",
            "it": "(importo)(pagato|incassato|saldato)",
        },
    ),
}
"""By our name, patterns of the whole folded header, best first: see ``WEAK`` and ``WORDS`` for what some of them are."""
WEAK = 1
"""The tier of customer that may be a customer or not: the account of a ledger, the user of a till."""
WORDS = {"customer_id": (2, 3), "product": (1,)}
"""The tiers that are names, not numbers."""

PARTS: dict[str, dict[str, str]] = {
    "customer_id": {
        "en": "(customer|client|buyer|account|reseller).*(id|no|nr|number|code|key)$",
        "zh": "(客户|会员|顾客|买家).*(编号|编码|代码|号|id)$",
        "de": "(kunden|debitor).*(id|nr|nummer)$",
        "fr": "(code|num|numero|ref).*client",
        "es": "(codigo|cod|num|numero).*cliente",
        "ja": "(顧客|得意先|取引先|会員).*(コード|番号|id)$",
        "ko": "(고객|거래처|회원).*(번호|코드|id)$",
        "pt": "(codigo|cod|num|numero|id).*cliente",
        "it": "(codice|cod|num|numero|id).*cliente",
    },
    "order_id": {
        "en": "(order|invoice).*(id|no|nr|number)$",
        "zh": "(订单|发票|单据).*(id|号)$",
        "de": "(auftrag|bestell|rechnung|beleg).*(id|nr|nummer)$",
        "fr": "(num|numero|ref).*(commande|facture)$",
        "es": "(num|numero|codigo).*(pedido|factura)$",
        "ja": "(注文|受注|伝票|請求).*(番号|id)$",
        "ko": "(주문|전표|거래).*(번호|id)$",
        "pt": "(num|numero|codigo|id).*(pedido|encomenda|fatura)$",
        "it": "(num|numero|codice|id).*(ordine|fattura)$",
    },
    "order_date": {
        "en": "(order|invoice|purchase|transaction).*(date|time)(key|id)?$",
        "zh": "(下单|订单|购买|开票|交易).*(日期|时间)$",
        "de": "(bestell|auftrag|rechnung|kauf|beleg).*datum$",
        "fr": "date.*(commande|facture|achat|vente)$",
        "es": "fecha.*(pedido|factura|compra|venta)$",
        "ja": "(注文|受注|売上|購入).*(日|日付|日時)$",
        "ko": "(주문|판매|구매|거래).*(일|일자|일시)$",
        "pt": "data.*(pedido|encomenda|fatura|compra|venda)$",
        "it": "data.*(ordine|fattura|acquisto|vendita)$",
    },
    "quantity": {
        "en": "quantity|qty",
        "zh": "数量",
        "de": "menge|stuckzahl",
        "fr": "quantite|qte",
        "es": "cantidad",
        "ja": "数量",
        "ko": "수량",
        "pt": "quantidade|qtde?",
        "it": "quantita",
    },
    "unit_price": {
        "en": "(unit|item).*price|price.*(unit|each)",
        "zh": "单价",
        "de": "(einzel|stuck)preis",
        "fr": "prixunit",
        "es": "preciounit",
        "ja": "単価",
        "ko": "단가",
        "pt": "precounit|valorunit",
        "it": "prezzounit",
    },
    "amount": {
        "en": "amount|revenue|turnover|(line|order|net|gross|sales|grand).*total",
        "zh": "金额|销售额",
        "de": "betrag|umsatz|gesamtsumme",
        "fr": "montant|chiffredaffaires",
        "es": "importe|monto",
        "ja": "金額|売上高",
        "ko": "금액|매출액",
        "pt": "valor|montante",
        "it": "importo|fatturato",
    },
    "product": {
        "en": "(product|item|article).*(id|no|nr|number|code)$|sku",
        "zh": "(商品|产品|货品).*(编号|编码|代码|号)$",
        "de": "(artikel|produkt).*(id|nr|nummer)$",
        "fr": "(code|ref).*(article|produit)$",
        "es": "(codigo|ref).*(articulo|producto)$",
        "ja": "(商品|製品).*(コード|番号)$",
        "ko": "(상품|제품|품목).*(코드|번호)$",
        "pt": "(codigo|ref).*(produto|artigo)$",
        "it": "(codice|rif).*(articolo|prodotto)$",
    },
    "category": {
        "en": "category",
        "zh": "品类|类别|类目",
        "de": "kategorie|warengruppe",
        "fr": "categorie",
        "es": "categoria",
        "ja": "カテゴリ",
        "ko": "카테고리",
        "pt": "categoria",
        "it": "categoria",
    },
    "currency": {
        "en": "(currency|currencycode)$",
        "zh": "(币种|币别)$",
        "de": "wahrung$",
        "fr": "devise$",
        "es": "(moneda|divisa)$",
        "ja": "通貨$",
        "ko": "통화$",
        "pt": "moeda$",
        "it": "valuta$",
    },
}
"""By our name, a pattern within a longer header, tried where no name fits the whole of it."""

NOT_IN_PART: dict[str, str] = {
    "amount": "tax|vat|ship|freight|fee|deposit|balance|limit|paid|税|运费|邮费|手续费|余额|押金|额度|已付|已收"
    "|steuer|mwst|fracht|porto|saldo|gezahlt|tva|frais|livraison|solde|paye|iva|impuesto|envio|pagado|送料|手数料|残高|入金"
    "|세|배송|수수료|잔액|입금|discount|rabatt|remise|descuento|折扣|优惠|値引|割引|할인|cost|kosten|cout|coste|成本|原価|원가"
    "|imposto|frete|desconto|custo|imposta|spedizione|sconto|costo|pagato|commission|provision|extended|unit|valuta"
    "|refund|return|退款|退货|退回|erstatt|gutschrift|retour|rembours|reembols|devol|estorn|rimbors|返金|返品|환불|반품",
    "customer_id": "po(id|no|nr|num|number)|purchase|order|reference|bestell|auftrag|commande|pedido|encomenda|ordine|订单|采购"
    "|注文|주문|phone|telephone|mobile|postal|zip|fax|tax|vat|group|type|class|discount|手机|电话|邮编|税|group|电話|電話|전화",
    "order_id": "line|item|row|position|zeile|ligne|linea|linha|riga|行号|子订单|明細|행번호|date|datum|customerpo|purchaseorder"
    "|kundenbestell|track|customer|client|kunden|revision",
    "unit_price": "discount|rabatt|remise|descuento|desconto|sconto|折扣|优惠|値引|割引|할인|compare|cost|currency|tax|kosten",
    "quantity": "refund|return|退|cancel|storno|free|available|stock|库存|在庫|재고|bestand",
    "order_date": "deliver|ship|due|paid|payment|cancel|modif|updat|chang|birth|sent|liefer|versand|fallig|zahl|storno"
    "|livraison|echeance|paiement|entrega|envio|vencimiento|vencimento|pago|pagamento|scadenza|consegna|spedizione|发货|交货|到期"
    "|付款|支付|收货|退款|关闭|取消|修改|納品|出荷|支払|入金|배송|납품|결제|취소|refund|return|clos",
}
"""What makes a longer header another thing: the tax on an amount, the delivery of an order."""

_TRADITIONAL = str.maketrans(
    "戶訂單編號額數價總購買貨類產種幣發銷營業實應計時間會員碼帳稱顧稅優項關聯繫經採進匯賬製創開據憑證庫結",
    "户订单编号额数价总购买货类产种币发销营业实应计时间会员码账称顾税优项关联系经采进汇账制创开据凭证库结",
)


def fold_name(header: str) -> str:
    """Return a header without case, accents, spaces, signs, and units in brackets.

    >>> fold_name("Customer_ID"), fold_name("金额(元)"), fold_name("Unit Price [GBP]"), fold_name("Stückpreis, €")
    ('customerid', '金额', 'unitprice', 'stuckpreis')
    """
    plain = re.sub(r"[(\[].*?[)\]]", "", unicodedata.normalize("NFKC", header).casefold())
    bare = re.sub("[\u0300-\u036f]", "", unicodedata.normalize("NFD", plain))  # accents only: not the marks of kana
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFC", bare))


def find_same(wanted: str, titles: Iterable[str]) -> str | None:
    """Return the title that is a wanted header: itself, else the only one that differs in case, width or blanks.

    >>> find_same("Order Date", ["orderdate", "Amount"]), find_same("金额(元)", ["金额（元）"]), find_same("a", ["A", "A "])
    ('orderdate', '金额（元）', None)
    """
    titles = list(titles)
    if wanted in titles:
        return wanted
    outer = [title for title in titles if title.strip(BLANKS) == wanted.strip(BLANKS)]
    if len(outer) == 1:
        return outer[0]
    same = fold_same(wanted)
    alike = [title for title in titles if fold_same(title) == same]
    return alike[0] if len(alike) == 1 and same else None


def fold_same(header: str) -> str:
    """Return a header without what does not make it another: case, width, blanks in it and around it.

    >>> fold_same(" Ｏrder\u00a0Date ")
    'orderdate'
    """
    return re.sub(f"[\\s{BLANKS}]+", "", unicodedata.normalize("NFKC", header).casefold())


def fits_whole(role: str, tier: int, header: str) -> list[str]:
    """Return the languages in which a header is a name of the column.

    >>> fits_whole("customer_id", 0, "Kunden-Nr."), fits_whole("quantity", 0, "数量"), fits_whole("amount", 0, "Größe")
    (['de'], ['zh', 'ja'], [])
    """
    return [
        language
        for language, pattern in NAMES[role][tier].items()
        if any(re.fullmatch(pattern, name) for name in _spellings(header, language))
    ]


def fits_in_part(role: str, header: str) -> list[str]:
    """Return the languages in which a part of a header names the column, and nothing in it makes it another.

    >>> fits_in_part("amount", "Montant de la ligne 2"), fits_in_part("amount", "Montant TVA")
    (['fr'], [])
    """
    if role not in PARTS or re.search(NOT_IN_PART.get(role, r"(?!)"), fold_name(header).translate(_TRADITIONAL)):
        return []
    return [
        language
        for language, pattern in PARTS[role].items()
        if any(re.search(pattern, name) for name in _spellings(header, language))
    ]


def says_order_line(header: str) -> bool:
    """Say whether a header numbers the lines of orders: the order's number may be a part of what stands below it.

    >>> says_order_line("Invoice/Item Number"), says_order_line("Item Number"), says_order_line("订单明细号")
    (True, False, True)
    """
    folded = fold_name(header).translate(_TRADITIONAL)
    is_order = any(re.search(pattern, folded) for pattern in PARTS["order_id"].values())
    return is_order and bool(
        re.search("line|item|row|position|zeile|ligne|linea|linha|riga|行号|子订单|明细|明細", folded)
    )


def says_line(header: str) -> bool:
    """Say whether a header names the money of a line, and no total of the order.

    >>> says_line("Line Total"), says_line("LineAmount"), says_line("Total"), says_line("明细金额")
    (True, True, False, True)
    """
    words = "^(line|position|zeilen|ligne|明细|行|明細)|(line|lines)(sub)?(total|amount|price)$|lineitem|(ligne|linea|linha|riga)$"
    return bool(re.search(words, fold_name(header).translate(_TRADITIONAL)))


def says_other_day(header: str) -> bool:
    """Say whether a header names another day than that of the order: of the delivery, of the payment.

    >>> says_other_day("Ship Date"), says_other_day("When")
    (True, False)
    """
    return bool(re.search(NOT_IN_PART["order_date"], fold_name(header).translate(_TRADITIONAL)))


def are_chinese(headers: Iterable[str]) -> bool:
    """Say whether the headers of a file are Chinese, and not Japanese in the same signs.

    >>> are_chinese(["客户编号", "金额"]), are_chinese(["顧客番号", "注文日", "金額"]), are_chinese(["Kunde"])
    (True, False, False)
    """
    headers = list(headers)
    known = [
        {
            language
            for role, tiers in NAMES.items()
            for tier in range(len(tiers))
            for language in fits_whole(role, tier, header)
        }
        for header in headers
    ]
    zh, ja = (sum(name in languages for languages in known) for name in ("zh", "ja"))
    written = "".join(headers)
    return zh > ja or (
        not ja and bool(re.search("[\u4e00-\u9fff]", written)) and not re.search("[\u3040-\u30ff]", written)
    )


def _spellings(header: str, language: str) -> list[str]:
    """Return the folded header as the names of a language are spelt: Stueck as Stück, 訂單 as 订单."""
    folded = fold_name(header)
    if language == "zh":
        return [folded.translate(_TRADITIONAL)]
    if language == "de":
        return [folded, re.sub("([aou])e", r"\1", folded)]
    return [folded]
